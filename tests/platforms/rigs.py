"""All platforms in one form, for tests that ask the same of each: the fake, and what one can do to it.

Each platform's own stands in `adapters/<platform>/rig.py`, as `RIG`.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from apps.chats.models import Channel
from apps.platforms.registry import SPECS
from tests.fakes import stand_in

BEGAN = int(time.time()) - 1000
LONG = 300.0  # seconds: longer than any test


@dataclass(frozen=True)
class Hanging:
    """How its server hangs: `at_first` when it is connected to, `later` when something is sent and a file fetched."""

    at_first: Callable[[Any], Any]
    later: Callable[[Any], Any]
    say_with_file: Callable[[Any], Any]


@dataclass(frozen=True)
class Rig:
    """`tell` delivers the message of that number, which is its id and its second; `garbage` what makes no sense."""

    fake: Callable[[], Any]
    credentials: dict[str, str]
    chat: str
    tell: Callable[[Any, Channel, int, str], Any]
    garbage: Callable[[Any, Channel], Any]
    strange: Callable[[Any, Channel], Any] | None = (
        None  # a kind of message that nobody knows; None: there are no kinds
    )
    deafen: Callable[[Any], Any] | None = None  # pings are not answered any more, on the connections made afterwards
    deafen_later: bool = False  # on those that stand
    hang: Callable[[Any], Any] | None = None  # whatever is sent is taken and never answered
    hanging: Hanging | None = None  # the same, and more, where the listeners connect to it
    address: str = "api_base"  # the field, an option or a credential


@cache
def rigs() -> dict[str, Rig]:
    """Each platform's, by its folder: a new platform brings its own."""
    found = sorted((Path(__file__).parent / "adapters").glob("*/rig.py"))
    return {path.parent.name: import_module(f"tests.platforms.adapters.{path.parent.name}.rig").RIG for path in found}


def second(number: int) -> int:
    return BEGAN + number


def hang_at(*names: str) -> Callable[[Any], Any]:
    return lambda api: [api.keep_failing(name, stand_in.Hang(LONG)) for name in names]


def channel_on(platform: str, server: Any, name: str = "bot") -> Channel:
    rig = rigs()[platform]
    in_credentials = rig.address in {field.name for field in SPECS[platform].credentials}
    credentials = {**rig.credentials, **({rig.address: server.url} if in_credentials else {})}
    options = {} if in_credentials else {rig.address: server.url}
    return Channel.objects.create(platform=platform, name=name, credentials=credentials, options=options)
