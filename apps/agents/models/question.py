from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from apps.chats.models import Chat, Message, Sender

APPROVE, REFUSE = gettext_noop("Approve"), gettext_noop("Refuse")  # what an approval offers; stored like this


class QuestionStatus(models.TextChoices):
    OPEN = "open", _("open")
    ANSWERED = "answered", _("answered")
    EXPIRED = "expired", _("expired")


class QuestionQuerySet(models.QuerySet["Question"]):
    def open(self) -> "QuestionQuerySet":
        return self.filter(status=QuestionStatus.OPEN)

    def waited_for(self) -> "QuestionQuerySet":
        """Open, in its time, and its run still in progress."""
        return self.open().filter(expires_at__gt=timezone.now(), run__status="running")

    def in_chat(self, chat: Chat) -> "QuestionQuerySet":
        """Those that were asked there, whatever became of them."""
        return self.filter(messages__chat=chat).distinct()


class Question(models.Model):
    """What a run waits for: a person's choice (ask), or the permission for a tool or a host (approval)."""

    Status = QuestionStatus

    class Kind(models.TextChoices):
        ASK = "ask", _("question")
        APPROVAL = "approval", _("approval")

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
    status = models.CharField(_("status"), max_length=10, choices=QuestionStatus.choices, default=QuestionStatus.OPEN)
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

    objects = QuestionQuerySet.as_manager()

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["status", "chat"], name="question_open")]

    def __str__(self) -> str:
        return self.text[:80]

    @property
    def is_open(self) -> bool:
        return self.status == QuestionStatus.OPEN

    def in_words(self, choice: str) -> str:
        """A choice as people read it: those of an approval are ours, and translated."""
        return gettext(choice) if self.kind == self.Kind.APPROVAL else choice

    @property
    def is_approved(self) -> bool:
        """Of an approval: somebody entitled said yes."""
        return self.status == QuestionStatus.ANSWERED and self.answer == APPROVE

    @property
    def answered_by(self) -> str:
        """Who, as people call them; empty while nobody did."""
        if self.sender:
            return str(self.sender)
        return self.user.get_username() if self.user else ""

    def token(self, index: int) -> str:
        """What a button says when it is pressed; it opens nothing: who pressed it, and where, is looked at."""
        return f"q{self.pk}:{index}"


def asked_in_chat() -> Exists:
    """Whether a question is open in the chat of the outer query."""
    return Exists(Question.objects.open().filter(messages__chat=OuterRef("pk")))
