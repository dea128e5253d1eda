"""All eight platforms at once: what `make bench` measures of the listeners and the webhooks."""
