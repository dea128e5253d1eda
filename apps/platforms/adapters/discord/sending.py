"""Sends texts, files, edits and reactions to Discord. Nothing in them calls anybody: mentions are only shown."""

import hashlib
import io
from typing import Any

import discord
from discord.http import Route, handle_message_parameters

from apps.platforms.base import OutboundFile, OutboundPart

NONCE_LENGTH = 25  # "Create message"
ROW, BUTTON, SECONDARY = 1, 2, 2  # "Component reference"
DEFERRED = 6  # "Interaction callback type": the message stays as it is


async def send_text(client: discord.Client, part: OutboundPart) -> str:
    if part.buttons:
        return await _send_asking(client, part)
    message = await _place(client, part).send(part.text, **_terms(part))
    return str(message.id)


async def _send_asking(client: discord.Client, part: OutboundPart) -> str:
    """Past the library's views, each of which would wait in memory for presses that we hear ourselves."""
    terms = _terms(part)
    if "reference" in terms:
        terms["message_reference"] = terms.pop("reference").to_message_reference_dict()
    nothing = discord.AllowedMentions.none()
    with handle_message_parameters(part.text, allowed_mentions=nothing, **terms) as parameters:
        assert parameters.payload is not None, "the library makes one of the text"
        parameters.payload["components"] = _rows(part)
        answer = await client.http.send_message(int(part.thread_id or part.chat_id), params=parameters)
    return str(answer["id"])


def _rows(part: OutboundPart) -> list[dict[str, Any]]:
    """Of up to five buttons each ("Component reference")."""
    buttons = [
        {"type": BUTTON, "style": SECONDARY, "label": button.label, "custom_id": button.token}
        for button in part.buttons
    ]
    return [{"type": ROW, "components": buttons[at : at + 5]} for at in range(0, len(buttons), 5)]


async def settle(client: discord.Client, message_id: str, part: OutboundPart) -> None:
    message = _place(client, part).get_partial_message(int(message_id))
    await message.edit(content=part.text, view=None)


async def acknowledge_press(client: discord.Client, interaction_id: str, token: str) -> None:
    """Within three seconds, else the button says that it failed ("Interaction callback")."""
    path = "/interactions/{interaction_id}/{token}/callback"
    route = Route("POST", path, interaction_id=interaction_id, token=token)
    await client.http.request(route, json={"type": DEFERRED})


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
