"""A group's folder on disk: its files, memory and skills, read and written safely."""
