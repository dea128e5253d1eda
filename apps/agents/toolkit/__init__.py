"""How an agent's tools are found, offered, permitted and called."""
