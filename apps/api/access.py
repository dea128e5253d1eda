"""Who asks, and what they may: a bearer token, or the session of a person who may use the admin."""

from collections.abc import Awaitable
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, PermissionsMixin
from django.http import HttpRequest
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from apps.api import tokens
from apps.api.database import in_thread
from apps.api.errors import ApiError
from apps.api.models import ApiToken, Scope
from apps.chats.models import Group
from apps.chats.models.group import GroupQuerySet

INCLUDED = {
    Scope.READ: {Scope.READ},
    Scope.WRITE: {Scope.READ, Scope.WRITE},
    Scope.ADMIN: {Scope.READ, Scope.WRITE, Scope.ADMIN},
}
# What a person must be allowed in the admin for the same.
PERMISSIONS = {Scope.READ: "chats.view_message", Scope.WRITE: "chats.add_message", Scope.ADMIN: "chats.change_group"}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `group_ids` None: every group."""

    name: str
    sender_id: str
    scopes: frozenset[str]
    group_ids: frozenset[int] | None = None
    person: PermissionsMixin | None = None

    def groups(self) -> GroupQuerySet:
        return Group.objects.all() if self.group_ids is None else Group.objects.filter(pk__in=self.group_ids)

    def group(self, folder: str) -> Group:
        """Raises ApiError: a group that the caller may not see does not exist for it."""
        if group := self.groups().in_folder(folder):
            return group
        raise ApiError(404, f"There is no group {folder!r}.")

    def require_everything(self) -> None:
        """Raises ApiError for a token that is restricted to groups."""
        if self.group_ids is not None:
            raise ApiError(403, "This token is restricted to some groups.")

    def require_permission(self, permission: str) -> None:
        """Raises ApiError where the admin would not let this person do it; of a token, its scope has said enough."""
        if self.person and not self.person.has_perm(permission):
            raise ApiError(403, f"This needs the permission {permission}, as in the admin.")


def caller(request: HttpRequest, scope: Scope) -> Caller:
    """Raises ApiError 401 without valid credentials, 403 without the scope."""
    found = _by_token(request) or _by_session(request)
    if found is None:
        raise ApiError(
            401, "Credentials are missing: send “Authorization: Bearer TOKEN” (manage.py createtoken makes one)."
        )
    if scope not in found.scopes:
        raise ApiError(
            403, f"This needs the scope “{scope.value}”; {found.name} has: {', '.join(sorted(found.scopes)) or 'none'}."
        )
    return found


def _by_token(request: HttpRequest) -> Caller | None:
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer":
        return None
    token = tokens.find(secret.strip())
    if token is None:
        raise ApiError(401, "This token is unknown or has expired.")
    return Caller(token.name, f"token-{token.pk}", _included(token), _group_ids(token))


def _included(token: ApiToken) -> frozenset[str]:
    return frozenset(scope for granted in token.scopes for scope in INCLUDED.get(granted, ()))


def _group_ids(token: ApiToken) -> frozenset[int] | None:
    return frozenset(token.groups.values_list("pk", flat=True)) if token.restricted else None


def _by_session(request: HttpRequest) -> Caller | None:
    user = request.user
    if not _is_staff(user):
        return None
    if check_csrf(request):
        raise ApiError(403, "The CSRF token is missing or wrong: send it as X-CSRFToken, or use a bearer token.")
    assert isinstance(user, PermissionsMixin)
    scopes = frozenset(scope for scope, permission in PERMISSIONS.items() if user.has_perm(permission))
    return Caller(str(user), f"user-{user.pk}", scopes, person=user)


def _is_staff(user: AbstractBaseUser | AnonymousUser) -> bool:
    return bool(user.is_authenticated and user.is_active and getattr(user, "is_staff", False))


class Credentials(AuthBase):
    """For django-ninja: becomes `request.auth`, a Caller with this scope."""

    openapi_type = "http"
    openapi_scheme = "bearer"
    csrf = True  # the documentation page then sends the token with what is tried out there

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> "Caller | Awaitable[Caller]":
        return caller(request, self.scope)


class AsyncCredentials(Credentials):
    """The same for an operation that runs in the event loop."""

    async def __call__(self, request: HttpRequest) -> Caller:
        return await in_thread(caller, request, self.scope)


AsyncCredentials.__name__ = Credentials.__name__  # one way in, so the documentation names one

READ, WRITE, ADMIN = Credentials(Scope.READ), Credentials(Scope.WRITE), Credentials(Scope.ADMIN)
ASYNC_WRITE = AsyncCredentials(Scope.WRITE)


def caller_of(request: HttpRequest) -> Caller:
    """Whom django-ninja let in."""
    found = request.auth  # type: ignore[attr-defined]
    assert isinstance(found, Caller)
    return found
