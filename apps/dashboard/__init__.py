"""The pages: chats, the overview, health, and the websocket that keeps them live."""
