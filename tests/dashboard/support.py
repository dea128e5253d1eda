import uuid
from typing import Any

from django.test import Client
from django.utils import timezone

from apps.chats.models import Chat, Message


def said(chat: Chat, text: str, **more: Any) -> Message:
    return Message.objects.create(chat=chat, direction="in", external_id=str(uuid.uuid4()), text=text, **more)


def answered(chat: Chat, text: str, **more: Any) -> Message:
    more = {"delivery": "sent", "next_attempt_at": timezone.now()} | more
    return Message.objects.create(chat=chat, direction="out", text=text, **more)


def act(browser: Client, page: str, action: str, *rows: Any, **more: Any) -> Any:
    """What the admin answers to an action on chosen rows of a list, such as `chats/chat`."""
    fields = {"action": action, "_selected_action": [row.pk for row in rows]} | more
    return browser.post(f"/admin/{page}/", fields, follow=True)
