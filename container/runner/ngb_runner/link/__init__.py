"""The wire to the host: frames on standard input and output."""
