"""Reads WhatsApp's notifications, signed with the app's secret over the bytes as they came."""

import hashlib
import hmac

from django.utils.translation import gettext as _

from apps.chats.models import Channel
from apps.platforms.adapters.whatsapp.payloads import events
from apps.platforms.webhooks import Received, Reply, Request, WebhookRefused

HEADER = "X-Hub-Signature-256"
MOST_CHALLENGE = 200  # characters


def read(channel: Channel, request: Request) -> Received:
    return _handshake(channel, request) if request.method == "GET" else _notification(channel, request)


def _handshake(channel: Channel, request: Request) -> Received:
    """When the address is entered, WhatsApp asks whether we know the verify token."""
    given, ours = request.query.get("hub.verify_token", ""), channel.credential("verify_token")
    if request.query.get("hub.mode") != "subscribe" or not _same(given, ours):
        raise WebhookRefused(_("The verify token is missing or wrong."))
    return Received(reply=Reply(request.query.get("hub.challenge", "")[:MOST_CHALLENGE]))


def _notification(channel: Channel, request: Request) -> Received:
    given = request.headers.get(HEADER, "")
    right = hmac.new(channel.credential("app_secret").encode(), request.body, hashlib.sha256).hexdigest()
    if not _same(given, f"sha256={right}"):
        raise WebhookRefused(_("The signature is missing or wrong."), status=401)
    # A second delivery has the same bytes, and so the same signature; there is no signed time.
    return Received(events=tuple(events(request.body, channel.credential("phone_id"))), once=given)


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), right.encode())
