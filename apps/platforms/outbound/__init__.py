"""What goes out: the outbox, its parts, drafts and rates."""
