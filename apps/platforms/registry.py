"""Which platforms there are: where each adapter lives and what it wants to know."""

from dataclasses import dataclass
from importlib import import_module
from typing import cast

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.chats.models import Platform
from apps.platforms.base import Adapter, PlatformError


@dataclass(frozen=True, slots=True)
class Field:
    """One value that a channel of the platform takes."""

    name: str
    help: str | Promise
    required: bool = False


@dataclass(frozen=True, slots=True)
class PlatformSpec:
    """What a channel of the platform takes, and its adapter's dotted path."""

    adapter: str
    credentials: tuple[Field, ...] = ()
    options: tuple[Field, ...] = ()

    @property
    def keys(self) -> list[str]:
        return [field.name for field in (*self.credentials, *self.options)]


SPECS = {
    Platform.WEB: PlatformSpec(adapter="apps.platforms.web.adapter.WebAdapter"),
    Platform.TELEGRAM: PlatformSpec(
        adapter="apps.platforms.telegram.adapter.TelegramAdapter",
        credentials=(Field("token", _("the token that @BotFather gave you"), required=True),),
        options=(Field("api_base", _("another Bot API server; empty: https://api.telegram.org")),),
    ),
}


def adapter_class(platform: str) -> type[Adapter]:
    """Raises PlatformError for a platform without an adapter.

    Imported when a channel needs it, and so only by the listeners: a platform's SDK costs seconds and tens of MB.
    """
    spec = SPECS.get(Platform(platform)) if platform in Platform.values else None
    if spec is None:
        raise PlatformError(f"There is no adapter for {platform} yet.", permanent=True)
    module, _dot, name = spec.adapter.rpartition(".")
    return cast("type[Adapter]", getattr(import_module(module), name))
