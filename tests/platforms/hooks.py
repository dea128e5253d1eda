"""For the tests of webhooks: a platform's request against the real view, with a real Redis for the replay guard."""

from typing import Any

from django.http import HttpResponse
from django.test import Client

from apps.chats.models import Channel, Message


def call(channel: Channel, body: bytes | str = b"", *, query: str = "", headers: dict[str, str] | None = None) -> Any:
    """POST /hooks/<platform>/<channel id>/ as the platform would; the signature is the caller's to make."""
    content = body.encode() if isinstance(body, str) else body
    address = f"/hooks/{channel.platform}/{channel.pk}/{f'?{query}' if query else ''}"
    return Client().post(address, content, content_type="application/json", headers=headers or {})


def ask(channel: Channel, query: str = "", *, headers: dict[str, str] | None = None) -> Any:
    """GET: a handshake."""
    return Client().get(f"/hooks/{channel.platform}/{channel.pk}/?{query}", headers=headers or {})


def assert_refused(answer: HttpResponse, status: int | None = None) -> None:
    """Refused, and nothing of it was stored."""
    assert answer.status_code == status if status else answer.status_code in (400, 401, 403)
    assert not Message.objects.exists()
