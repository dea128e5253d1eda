"""Scheduled tasks: prompts on a timetable."""
