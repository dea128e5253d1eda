"""A run from its request to its end: claimed, retried, recovered, and agents that are started early."""
