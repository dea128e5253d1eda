from itertools import count

from django.test import Client

from apps.api import tokens
from apps.chats.models import Group

_numbers = count()


def token(*scopes: str, groups: tuple[Group, ...] = ()) -> str:
    return tokens.issue(f"test {next(_numbers)}", scopes=scopes, groups=groups)[1]


def client(*scopes: str, groups: tuple[Group, ...] = ()) -> Client:
    """A program with a token of its own."""
    return Client(headers={"authorization": f"Bearer {token(*scopes, groups=groups)}"})


def url(path: str) -> str:
    return f"/api/v1/{path}"


JSON = "application/json"
