"""What adapters share: access tokens, JSON frames, downloads, and what an answer needs of its question."""
