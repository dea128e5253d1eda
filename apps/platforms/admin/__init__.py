"""The operator's desk for channels: one form for each platform, made from what its `spec.py` says."""

from apps.platforms.admin.channels import ChannelAdmin

__all__ = ["ChannelAdmin"]
