"""Loopback listeners inside the container, whose requests travel over the link."""
