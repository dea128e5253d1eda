"""Translates a pressed button ("CallbackQuery") into the product's words. Pure."""

from telegram import CallbackQuery
from telegram import Chat as TelegramChat
from telegram import Message as TelegramMessage

from apps.chats.inbound import InboundMessage
from apps.chats.models import Chat


def pressed(press: CallbackQuery) -> InboundMessage | None:
    """None for what is no button; of an old message Telegram tells the chat and the id only."""
    under = press.message
    if under is None or not press.data:
        return None
    topic = under.message_thread_id if isinstance(under, TelegramMessage) and under.is_topic_message else None
    return InboundMessage(
        external_id=f"press-{press.id}",
        chat_id=str(under.chat.id),
        chat_kind=Chat.Kind.DIRECT if under.chat.type == TelegramChat.PRIVATE else Chat.Kind.GROUP,
        chat_title=under.chat.title or under.chat.full_name or "",
        sender_id=str(press.from_user.id),
        sender_name=press.from_user.full_name,
        from_bot=press.from_user.is_bot,
        text="",
        pressed=press.data,
        thread_id=str(topic or ""),
        reply_to=str(under.message_id),
    )
