from itertools import count

from django.contrib.auth.models import Permission, User
from django.test import Client

from apps.api import tokens
from apps.chats.models import Group

JSON = "application/json"

_numbers = count()


def token(*scopes: str, groups: tuple[Group, ...] = ()) -> str:
    return tokens.issue(f"test {next(_numbers)}", scopes=scopes, groups=groups)[1]


def client(*scopes: str, groups: tuple[Group, ...] = ()) -> Client:
    """A program with a token of its own."""
    return Client(headers={"authorization": f"Bearer {token(*scopes, groups=groups)}"})


def url(path: str) -> str:
    return f"/api/v1/{path}"


MESSAGES = url("groups/family/messages")


def person(*permissions: str, is_staff: bool = True, is_superuser: bool = False) -> User:
    """Somebody with a session of the admin."""
    user = User.objects.create_user("eva", is_staff=is_staff, is_superuser=is_superuser)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user
