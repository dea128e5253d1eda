"""What people see while a run works: typing, reactions, drafts, progress, questions that end."""
