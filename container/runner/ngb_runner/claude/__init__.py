"""The Claude agent: the SDK, its options, and what it reads and leaves behind."""
