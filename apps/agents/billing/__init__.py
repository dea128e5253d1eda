"""What runs cost: the ledger of one run, budgets, and who is told when money is used up."""
