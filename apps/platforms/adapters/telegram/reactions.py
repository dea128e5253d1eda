"""Translates a person's reaction ("MessageReactionUpdated"): the agent reads it later, it never calls. Pure."""

from collections.abc import Sequence

from telegram import Chat as TelegramChat
from telegram import MessageReactionUpdated, ReactionType, ReactionTypeEmoji

from apps.chats.inbound import InboundMessage
from apps.chats.models import Chat, Message


def reacted(update_id: int, reaction: MessageReactionUpdated) -> InboundMessage | None:
    """None where nothing changed. Telegram does not say in which topic it was."""
    words = _words(reaction.old_reaction, reaction.new_reaction)
    who = reaction.actor_chat or reaction.user
    if not words or who is None:
        return None
    chat = reaction.chat
    return InboundMessage(
        external_id=f"reaction-{update_id}",
        chat_id=str(chat.id),
        chat_kind=Chat.Kind.DIRECT if chat.type == TelegramChat.PRIVATE else Chat.Kind.GROUP,
        chat_title=chat.title or chat.full_name or "",
        sender_id=str(who.id),
        sender_name=who.full_name or getattr(who, "title", "") or "",
        text=words,
        kind=Message.Kind.OTHER,
        reply_to=str(reaction.message_id),
        from_bot=reaction.user is not None and reaction.user.is_bot,
        is_reaction=True,
        sent_at=reaction.date,
    )


def _words(old: Sequence[ReactionType], new: Sequence[ReactionType]) -> str:
    """What came, else what was taken back."""
    added = [_emoji(one) for one in new if one not in old]
    removed = [_emoji(one) for one in old if one not in new]
    if added:
        return f"[reacted with {' '.join(added)}]"
    return f"[took back the reaction {' '.join(removed)}]" if removed else ""


def _emoji(reaction: ReactionType) -> str:
    return reaction.emoji if isinstance(reaction, ReactionTypeEmoji) else "an emoji of its own"
