"""The program inside a group's container: it speaks the link on stdin and stdout and drives the agent."""

__version__ = "0.1.0"
PROTOCOL = 1
