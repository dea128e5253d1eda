from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.chats.models import Group


class Session(models.Model):
    """The agent's conversation memory that a run resumes."""

    group = models.ForeignKey(Group, models.CASCADE, related_name="sessions", verbose_name=_("group"))
    key = models.CharField(_("key"), max_length=300, help_text=_("group, or the chat or thread it belongs to."))
    sdk_session_id = models.CharField(_("SDK session id"), max_length=100, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    last_run_at = models.DateTimeField(_("last run"), null=True, blank=True)

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        constraints = [models.UniqueConstraint(fields=["group", "key"], name="one_session_per_key")]

    def __str__(self) -> str:
        return f"{self.group} · {self.key}"

    def used(self, sdk_session_id: str = "") -> None:
        """Notes a run's end, and the id under which the SDK remembers it; locks the row until the commit."""
        self.last_run_at = timezone.now()
        self.sdk_session_id = sdk_session_id or self.sdk_session_id
        self.save(update_fields=["last_run_at", "sdk_session_id"] if sdk_session_id else ["last_run_at"])

    def forget(self) -> None:
        """The next run starts a fresh conversation."""
        self.sdk_session_id = ""
        self.save(update_fields=["sdk_session_id"])
