"""What comes in: stored with its files and names, and who may call the agent."""
