"""Translates a person's reaction ("Message Reaction Add"): the agent reads it later, it never calls. Pure."""

from typing import Any

from apps.chats.inbound import InboundMessage
from apps.chats.models import Chat, Message
from apps.platforms.adapters.discord.content import shown_name, snowflake
from apps.platforms.adapters.discord.payloads import Me, Place
from apps.platforms.base import PayloadError

SAID = {"MESSAGE_REACTION_ADD": "reacted with", "MESSAGE_REACTION_REMOVE": "took back the reaction"}


def reacted(event: str, data: Any, place: Place, me: Me) -> InboundMessage | None:
    """None for our own; raises PayloadError. Discord gives reactions no id and no time."""
    try:
        person, about = snowflake(data["user_id"]), snowflake(data["message_id"])
        emoji = data["emoji"]
        name = f":{emoji['name']}:" if emoji.get("id") else str(emoji["name"])
        user = (data.get("member") or {}).get("user")
        if person == me.id:
            return None
        return InboundMessage(
            external_id=f"reaction-{about}-{person}-{name}-{event.rpartition('_')[2].lower()}"[:255],
            chat_id=place.chat_id,
            chat_kind=Chat.Kind.GROUP if data.get("guild_id") else Chat.Kind.DIRECT,
            chat_title=place.title,
            sender_id=person,
            sender_name=shown_name(user, data["member"]) if user else "",
            from_bot=bool(user and user.get("bot")),
            text=f"[{SAID[event]} {name[:100]}]",
            kind=Message.Kind.OTHER,
            thread_id=place.thread_id,
            reply_to=about,
            is_reaction=True,
        )
    except PayloadError:
        raise
    except Exception as error:
        raise PayloadError(f"A reaction has a form that Discord does not send ({type(error).__name__}).") from error
