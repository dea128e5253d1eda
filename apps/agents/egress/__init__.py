"""The way out of a sealed container: tunnels to the hosts that the group names."""
