"""What is written and said in chats: rows as they stand, and words of strangers through the real intake."""

import uuid
from typing import Any

from django.contrib.auth.models import Permission, User
from django.utils import timezone

from apps.chats.inbound import InboundMessage
from apps.chats.models import Channel, Chat, Group, Message, Pairing, Sender
from apps.chats.services import create_group
from apps.platforms.inbound import intake

OPEN, KNOWN, PAIRING = Group.SenderPolicy.OPEN, Group.SenderPolicy.KNOWN, Group.SenderPolicy.PAIRING
UNKNOWN, ALLOWED, BLOCKED, ADMIN = (
    Sender.Access.UNKNOWN,
    Sender.Access.ALLOWED,
    Sender.Access.BLOCKED,
    Sender.Access.ADMIN,
)
REMEMBER, DROP = Group.Unaddressed.REMEMBER, Group.Unaddressed.DROP
STORED_CALL, CONTEXT, ASIDE, NOTHING = "calls", "context", "aside", "nothing"

_number = iter(range(1, 10_000))


def said(chat: Chat, text: str, **more: Any) -> Message:
    return Message.objects.create(chat=chat, direction="in", external_id=str(uuid.uuid4()), text=text, **more)


def answered(chat: Chat, text: str, **more: Any) -> Message:
    more = {"delivery": "sent", "next_attempt_at": timezone.now()} | more
    return Message.objects.create(chat=chat, direction="out", text=text, **more)


def group_chat(channel: Channel, policy: str, unaddressed: str = REMEMBER) -> Chat:
    group = create_group(folder="team", sender_policy=policy, unaddressed=unaddressed)
    return Chat.objects.create(channel=channel, external_id="-1", group=group)


def write(channel: Channel, text: str, *, sender: str = "42", chat: str = "-1", **fields: Any) -> Any:
    """The stored message, or None."""
    arrived = InboundMessage(
        external_id=f"m{next(_number)}", chat_id=chat, sender_id=sender, sender_name=f"P{sender}", text=text, **fields
    )
    return intake.accept(channel, arrived)


def directly(channel: Channel, text: str, *, sender: str = "42", **fields: Any) -> Any:
    return write(channel, text, sender=sender, chat=sender, chat_kind=Chat.Kind.DIRECT, **fields)


def code_of(sender: str = "42") -> str:
    return Pairing.objects.get(sender__external_id=sender).code


def notices(external_id: str) -> list[str]:
    said = Message.objects.outbound().filter(chat__external_id=external_id, kind=Message.Kind.NOTICE)
    return list(said.values_list("text", flat=True))


def became(message: Message | None) -> str:
    if message is None:
        return NOTHING
    if message.calls_agent:
        return STORED_CALL
    return ASIDE if message.withheld else CONTEXT


def allow(user: User, *names: str) -> None:
    user.user_permissions.add(*Permission.objects.filter(content_type__app_label="chats", codename__in=names))
