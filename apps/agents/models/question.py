from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.chats.models import Chat, Message, Sender


class Question(models.Model):
    """What a run waits for: a person's choice (ask), or the permission for a tool or a host (approval)."""

    class Kind(models.TextChoices):
        ASK = "ask", _("question")
        APPROVAL = "approval", _("approval")

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        ANSWERED = "answered", _("answered")
        EXPIRED = "expired", _("expired")

    run = models.ForeignKey("agents.Run", models.CASCADE, related_name="questions", verbose_name=_("run"))
    chat = models.ForeignKey(
        Chat, models.SET_NULL, null=True, blank=True, related_name="questions", verbose_name=_("chat")
    )
    thread_id = models.CharField(_("thread"), max_length=255, blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    text = models.TextField(_("question"))
    choices = models.JSONField(_("choices"), default=list, help_text=_("What may be answered; empty: anything."))
    subject = models.CharField(
        _("subject"), max_length=300, blank=True, help_text=_("Of an approval: the tool or the host.")
    )
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.OPEN)
    answer = models.TextField(_("answer"), blank=True)
    sender = models.ForeignKey(
        Sender, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("answered by")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("answered by (user)"),
    )
    messages = models.ManyToManyField(
        Message, related_name="questions", blank=True, help_text=_("The messages that asked it.")
    )
    expires_at = models.DateTimeField(_("expires"))
    created_at = models.DateTimeField(_("asked"), auto_now_add=True)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["status", "chat"], name="question_open")]

    def __str__(self) -> str:
        return self.text[:80]
