"""The contract for platforms that call us: one function for each, `read(channel, request) -> Received`.

It verifies first (raises WebhookRefused: whatever is missing, wrong, too old, or for somebody else), then translates
(raises PayloadError). It waits for nobody: no network, no database. What it returns is stored before it is answered.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.chats.models import Channel
from apps.platforms.base import Event

WINDOW = 300  # seconds by which a signed time may differ from ours


class WebhookRefused(Exception):  # noqa: N818 - a refusal, not an error of ours
    """The request is not the platform's; the sentence is for the operator, the caller learns only the status."""

    def __init__(self, sentence: str, *, status: int = 403) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """What came, as it came; the names of headers are looked up in any case."""

    method: str  # GET or POST
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What the platform wants to hear."""

    body: str = ""
    status: int = 200
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Received:
    """What the request said; a handshake is a reply without events.

    once: what a request of this platform may say only once (a nonce, a signature): a second one with the same is
    answered alike, but nothing is taken from it.
    """

    events: tuple[Event, ...] = ()
    reply: Reply = field(default_factory=Reply)
    once: str = ""


Reader = Callable[[Channel, Request], Received]


def require_recent(timestamp: str) -> None:
    """Raises WebhookRefused unless the seconds since 1970 are within WINDOW of now."""
    if not timestamp.isascii() or not timestamp.isdigit():
        raise WebhookRefused(_("The request carries no time."))
    if abs(time.time() - int(timestamp[:12])) > WINDOW:
        raise WebhookRefused(_("The request is too old, or the clocks differ."))


def webhook_url(channel: Channel) -> str:
    """The address that the platform must call."""
    return settings.BASE_URL + reverse("webhook", args=[channel.platform, channel.pk])
