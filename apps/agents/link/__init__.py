"""The wire to the runner inside the container."""
