import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from apps.chats import services
from apps.chats.models import Channel, Chat, Group, Message, Platform
from tests.fakes.telegram_api import TOKEN, TelegramApi
from tests.waiting import until


def telegram_channel(api: TelegramApi, name: str = "bot", **fields: Any) -> Channel:
    fields = {"credentials": {"token": TOKEN}, "options": {"api_base": api.url}, **fields}
    return Channel.objects.create(platform=Platform.TELEGRAM, name=name, **fields)


def registered_chat(channel: Channel, external_id: str = "-1001", **fields: Any) -> Chat:
    """A chat that the group `team` serves."""
    group = Group.objects.filter(folder="team").first() or services.create_group(folder="team", **fields)
    return Chat.objects.create(channel=channel, external_id=external_id, group=group, title="Team")


def send(chat: Chat, text: str, **fields: Any) -> Message:
    """Into the outbox."""
    message = services.send_message(chat, text=text, **fields)
    assert message
    return message


def status(name: str = "bot") -> str:
    return Channel.objects.get(name=name).status


def detail(name: str = "bot") -> str:
    return Channel.objects.get(name=name).status_detail


def lost(name: str = "bot") -> str:
    """Why the connection was lost last, empty if it never was: it stays to be read when all is well again."""
    return Channel.objects.get(name=name).last_error


def until_quiet(look: Callable[[], Any], seconds: float) -> None:
    """Until what is looked at stayed the same for so long."""

    def is_quiet() -> bool:
        before = look()
        time.sleep(seconds)
        return bool(look() == before)

    until(is_quiet)


def outbound(delivery: str) -> int:
    return Message.objects.outbound().filter(delivery=delivery).count()


def age(message: Message, **by: float) -> None:
    Message.objects.filter(pk=message.pk).update(created_at=message.created_at - timedelta(**by))
