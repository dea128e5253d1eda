"""What a reaction or a reply is about: some platforms tell only the message's id, and the agent must read the words."""

from collections.abc import Sequence
from dataclasses import replace

from apps.chats.inbound import InboundMessage
from apps.chats.models import Chat, Message

LOOKED_AT = 200  # newest messages of ours; what is about an older one stands without words


def placed(chats: dict[str, Chat], batch: Sequence[InboundMessage]) -> list[InboundMessage]:
    """With the words they are about where the platform told none; a reaction also in the thread where those stand.

    A reply to one of our messages calls, also where the platform does not say whose it was.
    """
    return [_placed(chats[message.chat_id], message) for message in batch]


def _placed(chat: Chat, message: InboundMessage) -> InboundMessage:
    if not message.reply_to or message.quoted_text or chat.group is None:
        return message
    about = _about(chat, message.reply_to)
    if about is None:
        return message
    author = about.sender_name or chat.group.assistant_name
    told = replace(message, quoted_text=about.text, quoted_sender=author)
    if message.is_reaction:
        return replace(told, thread_id=message.thread_id or about.thread_id)
    return replace(told, mentions_bot=message.mentions_bot or about.direction == Message.Direction.OUT)


def _about(chat: Chat, external_id: str) -> Message | None:
    known = chat.messages.only("text", "sender_name", "thread_id", "direction", "external_parts")
    if theirs := known.filter(direction=Message.Direction.IN, external_id=external_id, withheld=False).first():
        return theirs
    # Compared here: SQLite cannot look into a JSON list.
    ours = known.filter(direction=Message.Direction.OUT, delivery=Message.Delivery.SENT).order_by("-pk")[:LOOKED_AT]
    return next((message for message in ours if external_id in message.external_parts), None)
