"""Where a run executes: in a sealed container, or, where no Docker engine answers, in a subprocess without tools."""
