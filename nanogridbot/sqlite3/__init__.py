"""Django's backend for SQLite, with a fair way to wait for the write lock."""
