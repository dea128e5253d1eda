import uuid
from datetime import timedelta
from operator import attrgetter

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.chats.models.chat import Chat, Sender


class Direction(models.TextChoices):
    IN = "in", _("in")
    OUT = "out", _("out")


class Delivery(models.TextChoices):
    QUEUED = "queued", _("queued")
    SENDING = "sending", _("sending")
    SENT = "sent", _("sent")
    FAILED = "failed", _("failed")
    UNKNOWN = "unknown", _("unknown")


class MessageQuerySet(models.QuerySet["Message"]):
    def inbound(self) -> "MessageQuerySet":
        return self.filter(direction=Direction.IN)

    def outbound(self) -> "MessageQuerySet":
        return self.filter(direction=Direction.OUT)

    def unhandled(self, chat: Chat, thread_id: str = "") -> "MessageQuerySet":
        """What no run of this conversation has handled yet, in order; without what still waits for its files."""
        mine = self.inbound().filter(chat=chat, thread_id=thread_id, run__isnull=True, withheld=False)
        return mine.exclude(pk__in=Attachment.objects.pending().values("message")).order_by("pk")

    def undelivered(self) -> "MessageQuerySet":
        """What waits, and what is being sent, in order."""
        return self.filter(delivery__in=(Delivery.QUEUED, Delivery.SENDING)).order_by("pk")

    def heads(self) -> "MessageQuerySet":
        """In each chat the oldest waiting message: the others wait behind it, also while it waits for its retry."""
        ahead = Message.objects.filter(
            chat=OuterRef("chat"), pk__lt=OuterRef("pk"), delivery__in=(Delivery.QUEUED, Delivery.SENDING)
        )
        return self.filter(~Exists(ahead), delivery=Delivery.QUEUED).order_by("next_attempt_at", "pk")

    def with_files_known(self) -> "MessageQuerySet":
        """Each with `has_files`: most have none, and need not be asked for them."""
        return self.annotate(has_files=Exists(Attachment.objects.filter(message=OuterRef("pk"))))


class Message(models.Model):
    """One line of a transcript; its primary key is the order."""

    Direction = Direction
    Delivery = Delivery

    class Kind(models.TextChoices):
        TEXT = "text", _("text")
        IMAGE = "image", _("image")
        FILE = "file", _("file")
        VOICE = "voice", _("voice")
        VIDEO = "video", _("video")
        STICKER = "sticker", _("sticker")
        OTHER = "other", _("other")
        NOTICE = "notice", _("notice")
        REACTION = "reaction", _("reaction")  # the text is an emoji, `reply_to` what it stands under

    chat = models.ForeignKey(Chat, models.CASCADE, related_name="messages", verbose_name=_("chat"))
    direction = models.CharField(_("direction"), max_length=3, choices=Direction.choices)
    external_id = models.CharField(_("external id"), max_length=255, blank=True)
    sender = models.ForeignKey(
        Sender, models.SET_NULL, null=True, blank=True, related_name="messages", verbose_name=_("sender")
    )
    sender_name = models.CharField(_("sender's name"), max_length=255, blank=True)
    text = models.TextField(_("text"), blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.TEXT)
    reply_to = models.CharField(
        _("reply to"), max_length=255, blank=True, help_text=_("The external id of the quoted message.")
    )
    quoted_sender = models.CharField(_("quoted sender"), max_length=255, blank=True)
    quoted_text = models.TextField(_("quoted text"), blank=True)
    thread_id = models.CharField(_("thread"), max_length=255, blank=True)
    album = models.CharField(
        _("album"), max_length=255, blank=True, editable=False
    )  # what the platform sends in pieces
    choices = models.JSONField(
        _("choices"), default=list, blank=True, help_text=_("Offered as buttons where the platform has them.")
    )
    calls_agent = models.BooleanField(_("calls the agent"), default=False)
    withheld = models.BooleanField(
        _("withheld"),
        default=False,
        help_text=_("The agent never sees it: a command, or somebody who may not call."),
    )
    sent_at = models.DateTimeField(_("sent"), default=timezone.now)
    created_at = models.DateTimeField(_("stored"), auto_now_add=True)
    # An upward reference by name only: the run that handled it (in) or wrote it (out).
    run = models.ForeignKey(
        "agents.Run", models.SET_NULL, null=True, blank=True, related_name="messages", verbose_name=_("run")
    )
    delivery = models.CharField(_("delivery"), max_length=10, choices=Delivery.choices, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True)
    idempotency_key = models.UUIDField(default=uuid.uuid4, editable=False)
    external_parts = models.JSONField(
        _("parts"), default=list, blank=True, help_text=_("The platform's ids of the parts that were sent.")
    )

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["chat", "external_id"], condition=Q(direction="in"), name="one_row_per_inbound_message"
            ),
            models.CheckConstraint(
                condition=Q(direction="out") | ~Q(external_id=""), name="inbound_messages_have_an_external_id"
            ),
            models.CheckConstraint(
                condition=Q(direction="in", delivery="")
                | (Q(direction="out") & ~Q(delivery="") & Q(next_attempt_at__isnull=False)),
                name="outbound_messages_have_a_delivery_state",
            ),
        ]
        # Whole indexes, not partial ones: SQLite cannot tell that a bound parameter meets a condition.
        indexes = [
            models.Index(fields=["chat", "run", "id"], name="message_unhandled"),
            models.Index(fields=["delivery", "chat", "id"], name="message_outbox"),
            models.Index(fields=["chat", "-id"], name="message_transcript"),
        ]

    def __str__(self) -> str:
        return f"{self.get_direction_display()} {self.pk}"

    def release(self) -> None:
        """What was withheld until its sender was let in calls the agent now."""
        self.withheld, self.calls_agent = False, True
        self.save(update_fields=["withheld", "calls_agent"])

    def files(self) -> list["Attachment"]:
        """In order; nothing is asked where `with_files_known` said that there are none."""
        return sorted(self.attachments.all(), key=attrgetter("pk")) if getattr(self, "has_files", True) else []

    # Delivery: a message changes its own row; each is a conditional UPDATE that says whether it won.

    def claim_delivery(self) -> bool:
        """queued → sending; False when somebody else was faster."""
        return self._move(Delivery.QUEUED, delivery=Delivery.SENDING, attempts=self.attempts + 1)

    def mark_part_sent(self, external_id: str) -> None:
        self.external_parts.append(external_id)
        self._move(Delivery.SENDING, external_parts=self.external_parts)

    def mark_sent(self) -> None:
        self._move(Delivery.SENDING, delivery=Delivery.SENT, error="", sent_at=timezone.now())

    def mark_retry(self, error: str, delay_s: float) -> None:
        self._move(
            Delivery.SENDING,
            delivery=Delivery.QUEUED,
            error=error,
            next_attempt_at=timezone.now() + timedelta(seconds=delay_s),
        )

    def mark_waiting(self, reason: str, delay_s: float) -> None:
        """sending → queued; not a failure: the platform asked us to wait."""
        self.mark_retry(reason, delay_s)
        Message.objects.filter(pk=self.pk, attempts__gt=0).update(attempts=models.F("attempts") - 1)

    def mark_failed(self, error: str) -> None:
        self._move(self.delivery, delivery=Delivery.FAILED, error=error)

    def mark_lost(self, part: str, error: str) -> None:
        """A part that the platform took did not arrive: whoever sends it again begins with this one."""
        arrived = self.external_parts[: self.external_parts.index(part)]
        self._move(self.delivery, delivery=Delivery.FAILED, error=error, external_parts=arrived)

    def mark_unknown(self, error: str) -> None:
        self._move(Delivery.SENDING, delivery=Delivery.UNKNOWN, error=error)

    def resend(self) -> bool:
        """failed or unknown → queued, from the part that is missing; False in any other state."""
        if self.delivery not in (Delivery.FAILED, Delivery.UNKNOWN):
            return False
        return self._move(self.delivery, delivery=Delivery.QUEUED, error="", attempts=0, next_attempt_at=timezone.now())

    def _move(self, source: str, **changes: object) -> bool:
        won = Message.objects.filter(pk=self.pk, delivery=source).update(**changes) == 1
        if won:
            for name, value in changes.items():
                if not isinstance(value, models.F | models.expressions.CombinedExpression):
                    setattr(self, name, value)
        return won


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def pending(self) -> "AttachmentQuerySet":
        return self.filter(state=Attachment.State.PENDING)


class Attachment(models.Model):
    """A file that came or goes with a message; its path is relative to the group's workspace."""

    class State(models.TextChoices):
        PENDING = "pending", _("being fetched")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")

    message = models.ForeignKey(Message, models.CASCADE, related_name="attachments", verbose_name=_("message"))
    kind = models.CharField(_("kind"), max_length=10, choices=Message.Kind.choices, default=Message.Kind.FILE)
    name = models.CharField(_("name"), max_length=255)
    mime = models.CharField(_("media type"), max_length=127, blank=True)
    size = models.PositiveBigIntegerField(_("size in bytes"), default=0)
    path = models.CharField(_("path"), max_length=500, blank=True)
    transcript = models.TextField(_("transcript"), blank=True, help_text=_("What a voice message says."))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.READY)
    error = models.TextField(_("error"), blank=True)
    external_id = models.CharField(
        _("external id"), max_length=255, blank=True, help_text=_("Of the message with which it came.")
    )
    source = models.JSONField(default=dict, blank=True, editable=False)  # how the adapter finds it on the platform

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        indexes = [models.Index(fields=["state", "message"], name="attachment_pending")]

    def __str__(self) -> str:
        return self.name

    def mark_ready(self, path: str, size: int, transcript: str = "", note: str = "") -> bool:
        """pending → ready; False when somebody gave it up meanwhile. `note`: why a voice message has no transcript."""
        return self._move(self.State.READY, path=path, size=size, transcript=transcript, error=note)

    def mark_failed(self, error: str) -> bool:
        return self._move(self.State.FAILED, error=error)

    def _move(self, state: str, **changes: object) -> bool:
        return Attachment.objects.pending().filter(pk=self.pk).update(state=state, **changes) == 1
