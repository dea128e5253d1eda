"""What a reaction is about: platforms tell the message's id, and the agent must read the words."""

from collections.abc import Sequence
from dataclasses import replace

from apps.chats.inbound import InboundMessage
from apps.chats.models import Chat, Message

LOOKED_AT = 200  # newest messages of ours; a reaction to an older one stands without words


def placed(chats: dict[str, Chat], batch: Sequence[InboundMessage]) -> list[InboundMessage]:
    """Reactions with the words they are about, and in the thread where those stand."""
    return [_placed(chats[message.chat_id], message) if message.is_reaction else message for message in batch]


def _placed(chat: Chat, reaction: InboundMessage) -> InboundMessage:
    about = _about(chat, reaction.reply_to)
    if about is None:
        return reaction
    group = chat.group
    author = about.sender_name or (group.assistant_name if group else "")
    thread_id = reaction.thread_id or about.thread_id
    return replace(reaction, quoted_text=about.text, quoted_sender=author, thread_id=thread_id)


def _about(chat: Chat, external_id: str) -> Message | None:
    known = chat.messages.only("text", "sender_name", "thread_id", "external_parts")
    if theirs := known.filter(direction=Message.Direction.IN, external_id=external_id).first():
        return theirs
    # Compared here: SQLite cannot look into a JSON list.
    ours = known.filter(direction=Message.Direction.OUT, delivery=Message.Delivery.SENT).order_by("-pk")[:LOOKED_AT]
    return next((message for message in ours if external_id in message.external_parts), None)
