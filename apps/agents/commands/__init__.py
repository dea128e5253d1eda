"""What people may ask the service itself from the chat, such as /stop: never shown to the agent.

An app's commands stand in its `chat_commands.py`, found as Django finds `admin.py`.
"""
