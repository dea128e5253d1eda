"""What a run asks people: questions, approvals, and the answers."""
