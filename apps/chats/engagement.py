"""Does a message call the agent? One pure function."""

import re
from functools import lru_cache

from apps.chats.inbound import InboundMessage
from apps.chats.models import Chat, Group


def calls_agent(group: Group, message: InboundMessage) -> bool:
    """Main and direct chats always answer, others as the group engages; bots, reactions, empty messages never call."""
    if message.from_bot or message.is_reaction or not (message.text.strip() or message.attachments):
        return False
    if group.is_main or group.engage == Group.Engage.ALWAYS or message.chat_kind == Chat.Kind.DIRECT:
        return True
    return says_trigger(group, message.text) or (group.engage != Group.Engage.PREFIX and message.mentions_bot)


def says_trigger(group: Group, text: str) -> bool:
    """The trigger at the start, or anywhere, as the group engages."""
    if group.engage == Group.Engage.PREFIX:
        return bool(_trigger(group.call_sign).match(text.lstrip()))
    return bool(_trigger(group.call_sign).search(text))


@lru_cache(maxsize=1024)
def _trigger(call_sign: str) -> re.Pattern[str]:
    """The literal text as a word of its own, in any case: `@Andy's thing` calls, `@Andyextra` and `me@Andy` do not."""
    return re.compile(rf"(?<!\w){re.escape(call_sign)}(?!\w)", re.IGNORECASE)
