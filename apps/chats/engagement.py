"""Does a message call the agent? One pure function."""

from apps.chats.inbound import InboundMessage
from apps.chats.models import Chat, Group


def calls_agent(group: Group, message: InboundMessage) -> bool:
    """Main and direct chats always answer, others as the group engages; bots, reactions, empty messages never call."""
    if message.from_bot or message.is_reaction or not (message.text.strip() or message.attachments):
        return False
    if answers_everything(group, message.chat_kind):
        return True
    return says_trigger(group, message.text) or (group.engage != Group.Engage.PREFIX and message.mentions_bot)


def answers_everything(group: Group, chat_kind: str) -> bool:
    """Nobody has to call the agent there."""
    return group.is_main or group.engage == Group.Engage.ALWAYS or chat_kind == Chat.Kind.DIRECT


def says_trigger(group: Group, text: str) -> bool:
    """The trigger at the start, or anywhere, as the group engages."""
    if group.engage == Group.Engage.PREFIX:
        return bool(group.trigger_found.match(text.lstrip()))
    return bool(group.trigger_found.search(text))


def trigger_before(group: Group, text: str) -> str:
    """The words at the start that are the group's trigger; empty: there are none."""
    found = group.trigger_found.match(text)
    return str(found[0]) if found else ""
