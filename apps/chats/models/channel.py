import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.chats import platforms
from apps.chats.fields.encryption import UNREADABLE, EncryptedJSONField

EVENT_STEP = timedelta(seconds=5)  # how exact the time of a channel's last event is


class CredentialError(Exception):
    """A credential is missing, or what it refers to cannot be read; the sentence says which."""


class ChannelStatus(models.TextChoices):
    OFF = "off", _("off")
    CONNECTING = "connecting", _("connecting")
    ONLINE = "online", _("online")
    RETRYING = "retrying", _("retrying")
    FAILED = "failed", _("failed")


class Channel(models.Model):
    """One configured account on a platform."""

    Status = ChannelStatus

    platform = models.CharField(_("platform"), max_length=20, choices=platforms.choices)
    name = models.CharField(
        _("name"), max_length=100, unique=True, help_text=_("What you call it; commands name it so.")
    )
    enabled = models.BooleanField(_("enabled"), default=True)
    credentials = EncryptedJSONField(_("credentials"), blank=True, default=dict)
    options = models.JSONField(
        _("options"),
        blank=True,
        default=dict,
        help_text=_('JSON, such as {"api_base": "https://…"} for another server.'),
    )
    status = models.CharField(
        _("status"), max_length=20, choices=ChannelStatus.choices, default=ChannelStatus.OFF, editable=False
    )
    status_detail = models.TextField(_("what is wrong"), blank=True, editable=False)
    last_event_at = models.DateTimeField(_("last event"), null=True, blank=True, editable=False)
    reconnects = models.PositiveIntegerField(_("reconnects"), default=0, editable=False)
    last_error = models.TextField(_("last error"), blank=True, editable=False)
    last_error_at = models.DateTimeField(_("last error at"), null=True, blank=True, editable=False)
    # Who we are there, as the platform said: webhooks must know it without asking.
    identity = models.JSONField(_("identity"), default=dict, blank=True, editable=False)
    edited_at = models.DateTimeField(_("edited"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        ordering = ["platform", "name"]

    def __str__(self) -> str:
        return self.name if self.name == self.platform else f"{self.name} ({self.platform})"

    def clean(self) -> None:
        """Groups have their place on one chat page; another channel of it would serve nobody."""
        page = Channel.objects.filter(platform=platforms.WEB).first() if self._state.adding else None
        if page and self.platform == platforms.WEB:
            said = _("There is only one chat page, and the channel “%(channel)s” is it already.")
            raise ValidationError(said, params={"channel": page.name})

    def credential(self, key: str) -> str:
        """The value itself, `env:` and `file:` references resolved; raises CredentialError."""
        if self.credentials is UNREADABLE:
            raise CredentialError(gettext("The credentials were encrypted under another secret key; enter them again."))
        value = resolved(str(self.credentials.get(key, "")))
        if not value:
            sentence = gettext("The credential “%(key)s” of the channel “%(channel)s” is missing or empty.")
            raise CredentialError(sentence % {"key": key, "channel": self.name})
        return value

    def option(self, key: str, default: Any = None) -> Any:
        return self.options.get(key, default)

    def is_on(self, key: str) -> bool:
        """Whether an option says yes."""
        return str(self.options.get(key, "")).lower() in ("yes", "true", "on", "1")

    def mark_status(self, status: ChannelStatus, detail: str = "") -> None:
        """Said by the supervisor only."""
        self.status, self.status_detail = status, detail
        Channel.objects.filter(pk=self.pk).update(status=status, status_detail=detail)

    def mark_trouble(self, sentence: str) -> None:
        """The connection was lost, and is made anew."""
        self.last_error, self.last_error_at = sentence, timezone.now()
        Channel.objects.filter(pk=self.pk).update(
            last_error=sentence, last_error_at=self.last_error_at, reconnects=models.F("reconnects") + 1
        )

    def mark_identity(self, identity: dict[str, str]) -> None:
        if identity != self.identity:
            self.identity = identity
            Channel.objects.filter(pk=self.pk).update(identity=identity)

    @property
    def is_event_due(self) -> bool:
        """Whether the last event's note is old enough for a new one: a burst costs one write."""
        return self.last_event_at is None or timezone.now() - self.last_event_at > EVENT_STEP

    def mark_event(self) -> None:
        self.last_event_at = timezone.now()
        Channel.objects.filter(pk=self.pk).update(last_event_at=self.last_event_at)


def resolved(value: str) -> str:
    """The secret itself where the value is a reference, `env:NAME` or `file:/run/secrets/x`; raises CredentialError."""
    if value.startswith("env:"):
        return os.environ.get(value[4:], "")
    return _file_content(Path(value[5:])) if value.startswith("file:") else value


def _file_content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else gettext("it is no text")
        sentence = gettext("The credential's file %(file)s cannot be read: %(why)s.")
        raise CredentialError(sentence % {"file": path, "why": why}) from error
