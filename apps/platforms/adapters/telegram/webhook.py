"""Reads Telegram's updates by webhook. Their proof is a secret in a header that `setWebhook` told Telegram."""

import hashlib
import hmac
import json

from django.conf import settings
from django.utils.translation import gettext as _
from telegram import Update

from apps.chats.models import Channel
from apps.platforms.adapters.telegram.payloads import Me, event, update_from
from apps.platforms.webhooks import Received, Reply, Request, WebhookRefused

HEADER = "X-Telegram-Bot-Api-Secret-Token"


def secret(channel: Channel) -> str:
    """Derived, so that nobody has to think of one and none is stored; another token makes another secret."""
    message = f"telegram webhook {channel.pk} {channel.credential('token')}"
    return hmac.new(settings.SECRET_KEY.encode(), message.encode(), hashlib.sha256).hexdigest()


def read(channel: Channel, request: Request) -> Received:
    given = request.headers.get(HEADER, "")
    if not hmac.compare_digest(given.encode(errors="replace"), secret(channel).encode()):
        raise WebhookRefused(_("The secret token is missing or wrong."), status=401)
    if request.method != "POST":
        raise WebhookRefused(_("Telegram sends POST requests."), status=400)
    update = update_from(request.body)
    found = event(update, Me.of(channel))
    return Received(events=(found,) if found else (), reply=_reply(update), once=str(update.update_id))


def _reply(update: Update) -> Reply:
    """Making requests when getting updates ("setWebhook"): a pressed button shows that it works until this is said."""
    if not update.callback_query:
        return Reply()
    method = {"method": "answerCallbackQuery", "callback_query_id": update.callback_query.id}
    return Reply(json.dumps(method), content_type="application/json")
