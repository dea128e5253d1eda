"""What the pages answer over HTTP."""
