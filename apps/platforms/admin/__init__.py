"""The admin pages of channels: one form for each platform, made from what its `spec.py` says."""

from apps.platforms.admin import channels

__all__ = ["channels"]
