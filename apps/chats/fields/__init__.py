"""What may stand in the models' fields: triggers, hosts, container settings, encrypted values."""
