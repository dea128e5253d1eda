"""Making tokens, and finding the one that a secret belongs to."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from apps.api.models import ApiToken, Scope
from apps.chats.models import Group

PREFIX = "ngb_"  # lets people and scanners recognise a leaked one


@transaction.atomic
def issue(
    name: str, *, scopes: Iterable[str], groups: Iterable[Group] = (), expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """The token and its secret, which nobody can show again; raises ValidationError."""
    secret = new_secret()
    chosen, wanted = list(groups), set(scopes)
    token = ApiToken(
        name=name,
        hash=hashed(secret),
        scopes=[scope for scope in Scope.values if scope in wanted],
        restricted=bool(chosen),
        expires_at=expires_at,
    )
    token.full_clean()
    token.save()
    token.groups.set(chosen)
    return token, secret


def new_secret() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def find(secret: str) -> ApiToken | None:
    """The valid token with this secret."""
    now = timezone.now()
    token = ApiToken.objects.valid(now).filter(hash=hashed(secret)).first()
    if token:
        token.mark_used(now)
    return token


def hashed(secret: str) -> str:
    """The secret is long and random, so a plain hash cannot be guessed back."""
    return hashlib.sha256(secret.encode(errors="surrogateescape")).hexdigest()
