"""The border between the event loop and the rest: the database in threads, tasks, wake-ups."""
