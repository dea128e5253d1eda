"""Where an agent lives: runtimes, containers and their limits, mounts, networks, disk quota."""
