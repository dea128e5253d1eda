"""Translates Telegram's updates into the product's words. Pure: no network, no database."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from django.utils.translation import gettext as _
from telegram import Chat as TelegramChat
from telegram import Message as TelegramMessage
from telegram import MessageEntity, Update

from apps.chats.inbound import InboundMessage
from apps.chats.models import Channel, Chat, Message
from apps.platforms.adapters.telegram.content import attachments, content
from apps.platforms.adapters.telegram.interactions import pressed
from apps.platforms.adapters.telegram.reactions import reacted
from apps.platforms.base import Batch, Moved, PayloadError


@dataclass(frozen=True, slots=True)
class Me:
    """The bot itself, as getMe tells."""

    id: int
    username: str

    @classmethod
    def of(cls, channel: Channel) -> Self:
        """As the listeners wrote it down; the id stands in the token too."""
        bot_id = channel.identity.get("id") or channel.credential("token").partition(":")[0]
        return cls(int(bot_id) if bot_id.isdigit() else 0, channel.identity.get("username", ""))

    @property
    def ids(self) -> Mapping[str, str]:
        return {"id": str(self.id), "username": self.username}


def update_from(body: bytes) -> Update:
    """Raises PayloadError."""
    try:
        return update_of(json.loads(body))
    except (ValueError, RecursionError) as error:
        raise PayloadError(_("It is no JSON.")) from error


def update_of(given: Any) -> Update:
    """Raises PayloadError."""
    try:
        update = Update.de_json(given, None)
    except Exception as error:
        # The library takes what it gets for what it expects: anything may come out of that.
        raise PayloadError(_("It is no update of Telegram (%s).") % type(error).__name__) from error
    if not isinstance(update.update_id, int):
        raise PayloadError(_("It is an update without a number."))
    return update


def event(update: Update, me: Me) -> Batch | Moved | None:
    """None for what is no news; raises PayloadError."""
    try:
        translation = inbound(update, me)
    except Exception as error:
        said = _("An update has a form that Telegram does not send (%s).")
        raise PayloadError(said % type(error).__name__) from error
    return Batch([translation]) if isinstance(translation, InboundMessage) else translation


def inbound(update: Update, me: Me) -> InboundMessage | Moved | None:
    """None for what is no message of somebody else: edits, service messages, our own."""
    if update.callback_query:
        return pressed(update.callback_query)
    if update.message_reaction:
        return reacted(update.update_id, update.message_reaction)
    message = update.message
    if message is None:
        return None
    if message.migrate_to_chat_id:
        return Moved(chat_id=str(message.chat.id), new_chat_id=str(message.migrate_to_chat_id))
    kind, text = content(message)
    if not text or (message.from_user and message.from_user.id == me.id):
        return None
    return _inbound(message, me, kind, text)


def _inbound(message: TelegramMessage, me: Me, kind: Message.Kind, text: str) -> InboundMessage:
    quoted = _answered(message)
    return InboundMessage(
        external_id=str(message.message_id),
        chat_id=str(message.chat.id),
        chat_kind=Chat.Kind.DIRECT if message.chat.type == TelegramChat.PRIVATE else Chat.Kind.GROUP,
        chat_title=message.chat.title or message.chat.full_name or "",
        sender_id=_sender_id(message),
        sender_name=_sender_name(message),
        text=text,
        kind=kind,
        thread_id=str(message.message_thread_id or "") if message.is_topic_message else "",
        reply_to=str(quoted.message_id) if quoted else "",
        quoted_sender=_sender_name(quoted) if quoted else "",
        quoted_text=_quoted_text(message, quoted),
        mentions_bot=_mentions(message, me) or _is_from(quoted, me),
        from_bot=_is_from_other_bot(message),
        attachments=attachments(message),
        album=message.media_group_id or "",
        sent_at=message.date,
    )


def _sender_id(message: TelegramMessage) -> str:
    """Who writes in a channel's or (anonymously) in the group's name is that chat."""
    if message.sender_chat:
        return str(message.sender_chat.id)
    return str(message.from_user.id) if message.from_user else str(message.chat.id)


def _sender_name(message: TelegramMessage) -> str:
    if message.sender_chat:
        return message.sender_chat.title or message.sender_chat.full_name or ""
    return message.from_user.full_name if message.from_user else ""


def _is_from_other_bot(message: TelegramMessage) -> bool:
    return message.sender_chat is None and message.from_user is not None and message.from_user.is_bot


def _is_from(message: TelegramMessage | None, me: Me) -> bool:
    return message is not None and message.from_user is not None and message.from_user.id == me.id


def _answered(message: TelegramMessage) -> TelegramMessage | None:
    """In a topic every message that answers nothing "replies" to the one that opened the topic."""
    answered = message.reply_to_message
    if answered is None or answered.forum_topic_created:
        return None
    if message.is_topic_message and answered.message_id == message.message_thread_id:
        return None
    return answered


def _quoted_text(message: TelegramMessage, answered: TelegramMessage | None) -> str:
    if message.quote:
        return message.quote.text
    return content(answered)[1] if answered else ""


def _mentions(message: TelegramMessage, me: Me) -> bool:
    """By entities, whose offsets count UTF-16 units: the library knows how to cut there."""
    found = message.parse_entities() if message.text else message.parse_caption_entities()
    return any(_names(entity, text, me) for entity, text in found.items())


def _names(entity: MessageEntity, text: str, me: Me) -> bool:
    name = f"@{me.username}".lower()
    if entity.type == MessageEntity.MENTION:
        return text.lower() == name
    if entity.type == MessageEntity.BOT_COMMAND:
        return text.lower().endswith(name)
    return entity.type == MessageEntity.TEXT_MENTION and entity.user is not None and entity.user.id == me.id
