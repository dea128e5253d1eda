"""The promises of speed and memory, measured: `make bench`. Each figure is a module with `measure`."""
