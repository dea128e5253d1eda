"""The chat platforms: what comes in, what goes out, and the connections to them."""
