import re
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Case, F, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.chats.models import Group

ID = re.compile(r"[!-~]{1,100}\Z")


class Session(models.Model):
    """The agent's conversation memory that a run resumes."""

    group = models.ForeignKey(Group, models.CASCADE, related_name="sessions", verbose_name=_("group"))
    key = models.CharField(_("key"), max_length=300, help_text=_("group, or the chat or thread it belongs to."))
    sdk_session_id = models.CharField(_("SDK session id"), max_length=100, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    last_run_at = models.DateTimeField(_("last run"), null=True, blank=True)
    forgotten_at = models.DateTimeField(_("forgotten"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        constraints = [models.UniqueConstraint(fields=["group", "key"], name="one_session_per_key")]

    def __str__(self) -> str:
        return f"{self.group} · {self.key}"

    def used(self, sdk_session_id: str = "", *, since: datetime | None = None) -> None:
        """Notes a run's end, and the id under which the SDK remembers it; locks the row until the commit.

        `since`: when the run began. What a person had forgotten after that does not come back. An agent may say
        anything: what is no id is not kept.
        """
        changes: dict[str, Any] = {"last_run_at": timezone.now()}
        if ID.match(sdk_session_id):
            forgotten = When(forgotten_at__gt=since, then=F("sdk_session_id")) if since else None
            known = Value(sdk_session_id)
            changes["sdk_session_id"] = Case(forgotten, default=known) if forgotten else known
        Session.objects.filter(pk=self.pk).update(**changes)

    def begin_anew(self) -> None:
        """A person wants a fresh conversation, whatever a run that is in progress remembers."""
        self.forgotten_at = timezone.now()
        self.sdk_session_id = ""
        self.save(update_fields=["forgotten_at", "sdk_session_id"])

    def forget(self) -> None:
        """The SDK knows the session no more; the run goes on with a fresh one."""
        self.sdk_session_id = ""
        self.save(update_fields=["sdk_session_id"])
