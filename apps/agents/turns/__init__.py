"""One turn of an agent: the prompt, the agent that serves it, and what comes back."""
