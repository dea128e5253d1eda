"""Who may call the agent? One pure function; what it decides is carried out by intake."""

from enum import Enum

from apps.chats.engagement import calls_agent
from apps.chats.inbound import InboundMessage
from apps.chats.models import Channel, Chat, Group, Sender

STRANGERS = "strangers"  # option of a channel: what happens to a direct chat that belongs to no group
IGNORE = "ignore"
TRUSTED = (Sender.Access.ALLOWED, Sender.Access.ADMIN)


class Verdict(Enum):
    """What becomes of a message."""

    CALLS = "calls the agent"
    CONTEXT = "is shown to the agent when somebody calls"
    WITHHELD = "is kept for people to read; the agent never sees it"
    REFUSED = "would have called, but its sender may not; kept or not like everything that sender writes"
    STRANGER = "would have called; its sender may ask an admin for admission"
    DROPPED = "is not stored"


def decide(group: Group | None, chat: Chat, sender: Sender | None, message: InboundMessage) -> Verdict:
    """Pure: `sender` None was never seen before, `group` None: the chat belongs to nobody."""
    if sender and sender.access == Sender.Access.BLOCKED:
        return Verdict.DROPPED
    if group is None:
        return Verdict.STRANGER if _may_ask(chat, message) else Verdict.DROPPED
    calls = calls_agent(group, message)
    if may_call(group, sender):
        return Verdict.CALLS if calls else remembered(group)
    if not calls:
        return aside(group)
    return Verdict.STRANGER if group.sender_policy == Group.SenderPolicy.PAIRING else Verdict.REFUSED


def may_call(group: Group | None, sender: Sender | None) -> bool:
    """Whether this sender's call counts in this group, or (None) in a chat of nobody's."""
    access = sender.access if sender else Sender.Access.UNKNOWN
    is_open = group is not None and group.sender_policy == Group.SenderPolicy.OPEN
    return access in TRUSTED or (is_open and access != Sender.Access.BLOCKED)


def remembered(group: Group) -> Verdict:
    return Verdict.CONTEXT if group.unaddressed == Group.Unaddressed.REMEMBER else Verdict.DROPPED


def aside(group: Group | None) -> Verdict:
    """What somebody writes who may not call: never for the agent."""
    kept = group is not None and group.unaddressed == Group.Unaddressed.REMEMBER
    return Verdict.WITHHELD if kept else Verdict.DROPPED


def takes_strangers(channel: Channel) -> bool:
    """Whether somebody whose direct chat belongs to no group is offered a code."""
    return bool(channel.option(STRANGERS) != IGNORE)


def _may_ask(chat: Chat, message: InboundMessage) -> bool:
    """In a direct chat only: a group's chat waits for an operator."""
    asks = message.chat_kind == Chat.Kind.DIRECT and bool(message.text.strip()) and not message.from_bot
    return asks and not message.is_reaction and takes_strangers(chat.channel)
