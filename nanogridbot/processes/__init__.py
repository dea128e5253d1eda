"""What `manage.py up` is made of: one supervisor, its forked children, and a Redis of its own."""
