"""The platforms: each package is found by its `spec.py`, and knows no other."""
