"""Model and MCP calls of an agent: what may pass, with which key, and what was counted."""
