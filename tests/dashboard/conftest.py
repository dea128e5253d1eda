import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone, translation

from apps.chats.models import Chat, Group, Message
from apps.chats.services import create_group, web_chat


@pytest.fixture(autouse=True)
def back_to_english() -> Iterator[None]:
    """A request leaves its language behind in the thread, where a later test would speak it."""
    yield
    translation.deactivate()


@pytest.fixture
def group(db: None) -> Group:
    return create_group(folder="family", name="The family")


@pytest.fixture
def chat(group: Group) -> Chat:
    return web_chat(group)


@pytest.fixture
def person(db: None) -> User:
    return User.objects.create_superuser("lena", password="correct horse battery")


@pytest.fixture
def browser_of(person: User) -> Client:
    """Django's test client, signed in."""
    client = Client()
    client.force_login(person)
    return client


def said(chat: Chat, text: str, **more: Any) -> Message:
    return Message.objects.create(chat=chat, direction="in", external_id=str(uuid.uuid4()), text=text, **more)


def answered(chat: Chat, text: str, **more: Any) -> Message:
    more = {"delivery": "sent", "next_attempt_at": timezone.now()} | more
    return Message.objects.create(chat=chat, direction="out", text=text, **more)


def act(browser: Client, page: str, action: str, *rows: Any, **more: Any) -> Any:
    """What the admin answers to an action on chosen rows of a list, such as `chats/chat`."""
    fields = {"action": action, "_selected_action": [row.pk for row in rows]} | more
    return browser.post(f"/admin/{page}/", fields, follow=True)
