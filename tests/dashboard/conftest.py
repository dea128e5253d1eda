from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import translation

from apps.chats.models import Chat, Group
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
