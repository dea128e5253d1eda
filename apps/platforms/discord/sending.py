"""What goes to Discord: texts, files, edits, reactions. Nothing in it calls anybody: mentions are only shown."""

import hashlib
import io
from typing import Any

import discord

from apps.platforms.base import OutboundFile, OutboundPart

NONCE_LENGTH = 25  # "Create message"


async def send_text(client: discord.Client, part: OutboundPart) -> str:
    message = await _place(client, part).send(part.text, **_terms(part))
    return str(message.id)


async def send_file(client: discord.Client, part: OutboundFile) -> str:
    file = discord.File(io.BytesIO(part.content), filename=part.name)
    message = await _place(client, part).send(part.caption or None, file=file, **_terms(part))
    return str(message.id)


async def edit_text(client: discord.Client, message_id: str, part: OutboundPart) -> None:
    message = _place(client, part).get_partial_message(int(message_id))
    await message.edit(content=part.text)


def _place(client: discord.Client, part: OutboundPart | OutboundFile) -> discord.PartialMessageable:
    """A thread is a channel of its own."""
    return client.get_partial_messageable(int(part.thread_id or part.chat_id))


def _terms(part: OutboundPart | OutboundFile) -> dict[str, Any]:
    """A nonce that Discord has seen within the last minutes gives the first message again, not a second one."""
    terms: dict[str, Any] = {}
    if part.idempotency_key:
        terms["nonce"] = hashlib.sha256(part.idempotency_key.encode()).hexdigest()[:NONCE_LENGTH]
    if part.reply_to.isdigit():
        terms["reference"] = discord.MessageReference(
            message_id=int(part.reply_to), channel_id=int(part.thread_id or part.chat_id), fail_if_not_exists=False
        )
    return terms
