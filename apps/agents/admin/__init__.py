"""The admin pages, one file per subject. Django finds them by importing this package."""

from apps.agents.admin import runs

__all__ = ["runs"]
