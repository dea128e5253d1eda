"""Stand-ins for servers that companies run; each lives in a thread or process of its own."""
