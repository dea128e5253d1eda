"""Translates a pressed button ("Interaction object") into the product's words. Pure: no network, no library."""

from typing import Any

from apps.chats.inbound import InboundMessage
from apps.chats.models import Chat
from apps.platforms.adapters.discord.content import shown_name, snowflake
from apps.platforms.adapters.discord.payloads import Place
from apps.platforms.base import PayloadError

COMPONENT, BUTTON = 3, 2  # "Interaction type", "Component type"


def pressed(data: Any, place: Place) -> InboundMessage | None:
    """None for what is no button; raises PayloadError."""
    try:
        if data.get("type") != COMPONENT or data["data"].get("component_type") != BUTTON:
            return None
        person = data["member"]["user"] if data.get("guild_id") else data["user"]
        return InboundMessage(
            external_id=f"press-{snowflake(data['id'])}",
            chat_id=place.chat_id,
            chat_kind=Chat.Kind.GROUP if data.get("guild_id") else Chat.Kind.DIRECT,
            chat_title=place.title,
            sender_id=snowflake(person["id"]),
            sender_name=shown_name(person, data.get("member")),
            text="",
            pressed=str(data["data"]["custom_id"]),
            thread_id=place.thread_id,
            reply_to=snowflake(data["message"]["id"]),
        )
    except PayloadError:
        raise
    except Exception as error:
        raise PayloadError(f"An interaction has a form that Discord does not send ({type(error).__name__}).") from error
