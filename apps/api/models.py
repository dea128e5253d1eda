"""Tokens of the API: only their hashes are stored."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.chats.models import Group


class Scope(models.TextChoices):
    """Each includes the ones before it."""

    READ = "read", _("read")
    WRITE = "write", _("write: read, and send messages and manage scheduled tasks")
    ADMIN = "admin", _("admin: write, and create and change groups")


def validate_scopes(value: Any) -> None:
    if not isinstance(value, list) or not value or not set(value) <= set(Scope.values):
        raise ValidationError(_("One or more of read, write, admin are expected."))


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def valid(self, now: datetime) -> "ApiTokenQuerySet":
        return self.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now))


class ApiToken(models.Model):
    """A program's way in; whoever knows the secret is the token."""

    name = models.CharField(_("name"), max_length=100, unique=True, help_text=_("Which program uses it."))
    hash = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(_("scopes"), default=list, validators=[validate_scopes])
    groups = models.ManyToManyField(Group, blank=True, related_name="api_tokens", verbose_name=_("groups"))
    # Not derived from `groups`: when its only group is deleted, a restricted token must not open all the others.
    restricted = models.BooleanField(
        _("only these groups"), default=False, help_text=_("Otherwise it sees every group.")
    )
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True, help_text=_("Empty: never."))
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def mark_used(self, now: datetime) -> None:
        """To the minute: a busy program must not write a row with each request."""
        if self.last_used_at is None or (now - self.last_used_at).total_seconds() > 60:
            ApiToken.objects.filter(pk=self.pk).update(last_used_at=now)

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()
