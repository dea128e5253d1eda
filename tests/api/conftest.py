from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from django.test import Client

from apps.api import tokens
from apps.chats.models import Group
from apps.chats.services import create_group

Asker = Callable[..., Any]


@pytest.fixture
def family(transactional_db) -> Group:
    return create_group(folder="family", name="Family")


@pytest.fixture
def work(transactional_db) -> Group:
    return create_group(folder="office", name="Office")


_numbers = count()


def token(*scopes: str, groups: tuple[Group, ...] = ()) -> str:
    return tokens.issue(f"test {next(_numbers)}", scopes=scopes, groups=groups)[1]


def client(*scopes: str, groups: tuple[Group, ...] = ()) -> Client:
    """A program with a token of its own."""
    return Client(headers={"authorization": f"Bearer {token(*scopes, groups=groups)}"})


def url(path: str) -> str:
    return f"/api/v1/{path}"


JSON = "application/json"
