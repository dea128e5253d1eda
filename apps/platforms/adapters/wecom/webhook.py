"""Reads WeCom's callbacks, XML for an app, JSON for an AI bot, in one envelope. The answer is empty; we write later."""

from apps.chats.models import Channel
from apps.platforms.adapters.wecom import payloads
from apps.platforms.adapters.wecom.aibot import payloads as bot_payloads
from apps.platforms.adapters.wecom.codec import codec_of, is_bot
from apps.platforms.base import Batch, PayloadError
from apps.platforms.webhooks import Received, Reply, Request, WebhookRefused


def read(channel: Channel, request: Request) -> Received:
    codec = codec_of(channel)
    if request.method == "GET":  # somebody saves the address: WeCom wants to see that we can read
        echo = request.query.get("echostr", "").replace(" ", "+")
        return Received(reply=Reply(codec.open(request.query, echo).decode(errors="replace")))
    plain = codec.open(request.query, _envelope(channel, request.body))
    return Received(events=tuple(_events(channel, plain)), once=request.query["msg_signature"])


def _envelope(channel: Channel, body: bytes) -> str:
    """Nobody has signed it yet: what cannot be read is a stranger's."""
    try:
        return bot_payloads.envelope(body) if is_bot(channel) else payloads.envelope(body)
    except PayloadError as error:
        raise WebhookRefused(str(error), status=400) from None


def _events(channel: Channel, plain: bytes) -> list[Batch]:
    if is_bot(channel):
        return bot_payloads.events(plain)
    return payloads.events(plain, corp_id=channel.credential("corp_id"), agent_id=channel.credential("agent_id"))
