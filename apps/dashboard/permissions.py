"""Who may read and who may write on the chat page: as at the API, people of the admin with the permission."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponse)
Person = AbstractBaseUser | AnonymousUser


def may_read(user: Person) -> bool:
    return may_see(user, "chats.view_message")


def may_write(user: Person) -> bool:
    return may_see(user, "chats.add_message")


def may_see(user: Person, permission: str) -> bool:
    """Whether the admin would show it to this person as well."""
    return isinstance(user, User) and user.is_staff and user.has_perm(permission)


def no_reading() -> str:
    return _("Reading chats needs the permission “Can view message”.")


def no_writing() -> str:
    return _("You may read here, and not write: that needs the permission “Can add message”.")


def readers_only(view: Callable[Concatenate[HttpRequest, P], R]) -> Callable[..., HttpResponse]:
    """Strangers are sent to the login; who may not read gets a page that says so."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> R:
        if not may_read(request.user):
            raise PermissionDenied(no_reading())
        return view(request, *args, **kwargs)

    return login_required(guarded)
