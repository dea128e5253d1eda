"""Finds the platforms: each package of `apps.platforms.adapters` is one, and its `spec.py` describes it."""

import logging
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, cast

from django.utils.translation import gettext as _

from apps.chats import platforms
from apps.platforms.base import Adapter, PlatformError
from apps.platforms.spec import PlatformSpec

ADAPTERS = Path(__file__).with_name("adapters")


def _spec(platform: str) -> PlatformSpec:
    return cast(PlatformSpec, import_module(f"apps.platforms.adapters.{platform}.spec").SPEC)


# By name. A folder without a `spec.py` fails here, at the start, instead of being passed over.
SPECS: dict[str, PlatformSpec] = {
    module.name: _spec(module.name) for module in iter_modules([str(ADAPTERS)]) if module.ispkg
}


def declare_platforms() -> None:
    """Tells the models which platforms there are, and quiets the libraries that would log secrets."""
    for name, spec in SPECS.items():
        platforms.declare(platforms.Platform(name, spec.label, can_react=spec.reactions))
        for logger in spec.quiet_loggers:
            logging.getLogger(logger).setLevel(logging.WARNING)


def spec_of(platform: str) -> PlatformSpec:
    """Raises PlatformError for a platform without an adapter."""
    if platform not in SPECS:
        raise PlatformError(_("There is no adapter for %s yet.") % platform, permanent=True)
    return SPECS[platform]


def adapter_class(platform: str) -> type[Adapter]:
    """Raises PlatformError for a platform without an adapter.

    Imported when a channel needs it, and so only by the listeners: a platform's SDK costs seconds and tens of MB.
    """
    return cast("type[Adapter]", loaded(spec_of(platform).adapter))


def loaded(path: str) -> Any:
    """What the dotted path names."""
    module, _dot, name = path.rpartition(".")
    return getattr(import_module(module), name)
