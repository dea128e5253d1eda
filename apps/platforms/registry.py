"""Which platforms there are: every folder here that has a `spec.py`."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any, cast

from django.utils.translation import gettext as _

from apps.chats import platforms
from apps.chats.models import Platform
from apps.platforms.base import Adapter, PlatformError
from apps.platforms.spec import PlatformSpec


def _spec(platform: str) -> PlatformSpec | None:
    package = f"apps.platforms.adapters.{platform}"
    if find_spec(package) is None or find_spec(f"{package}.spec") is None:
        return None
    return cast(PlatformSpec, import_module(f"{package}.spec").SPEC)


SPECS: dict[Platform, PlatformSpec] = {platform: spec for platform in Platform if (spec := _spec(platform))}


def declare_abilities() -> None:
    """Those who write messages know no platform, and must not offer what it cannot do."""
    for platform, spec in SPECS.items():
        platforms.declare(platform, reactions=spec.reactions)


def spec_of(platform: str) -> PlatformSpec:
    """Raises PlatformError for a platform without an adapter."""
    spec = SPECS.get(Platform(platform)) if platform in Platform.values else None
    if spec is None:
        raise PlatformError(_("There is no adapter for %s yet.") % platform, permanent=True)
    return spec


def adapter_class(platform: str) -> type[Adapter]:
    """Raises PlatformError for a platform without an adapter.

    Imported when a channel needs it, and so only by the listeners: a platform's SDK costs seconds and tens of MB.
    """
    return cast("type[Adapter]", loaded(spec_of(platform).adapter))


def loaded(path: str) -> Any:
    """What the dotted path names."""
    module, _dot, name = path.rpartition(".")
    return getattr(import_module(module), name)
