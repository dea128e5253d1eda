from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.chats.fields.encryption import EncryptedJSONField
from apps.chats.models.channel import Channel
from apps.chats.models.group import Group


class ChatQuerySet(models.QuerySet["Chat"]):
    def discovered(self) -> "ChatQuerySet":
        """Chats that wrote to us and belong to no group yet, the newest activity first."""
        return self.filter(group__isnull=True).order_by("-last_message_at")


class Chat(models.Model):
    """A place on a channel where people write."""

    class Kind(models.TextChoices):
        DIRECT = "direct", _("direct")
        GROUP = "group", _("group")

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="chats", verbose_name=_("channel"))
    external_id = models.CharField(_("external id"), max_length=255, help_text=_("The platform's own id of this chat."))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.GROUP)
    title = models.CharField(_("title"), max_length=255, blank=True)
    group = models.ForeignKey(
        Group,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="chats",
        verbose_name=_("group"),
        help_text=_("Empty: discovered, not registered; nothing of it is remembered and nothing runs."),
    )
    # What the platform told with its newest message and an answer needs; may open doors, so nobody reads it.
    context = EncryptedJSONField(default=dict, blank=True, editable=False)
    last_message_at = models.DateTimeField(_("last message"), null=True, blank=True, editable=False)

    objects = ChatQuerySet.as_manager()

    class Meta:
        verbose_name = _("chat")
        verbose_name_plural = _("chats")
        ordering = ["-last_message_at"]
        constraints = [models.UniqueConstraint(fields=["channel", "external_id"], name="one_chat_per_external_id")]

    def __str__(self) -> str:
        return self.title or self.jid

    @property
    def jid(self) -> str:
        return f"{self.channel.platform}:{self.external_id}"


class Sender(models.Model):
    """A person (or bot) on a channel."""

    class Access(models.TextChoices):
        UNKNOWN = "unknown", _("unknown")
        ALLOWED = "allowed", _("allowed")
        BLOCKED = "blocked", _("blocked")
        ADMIN = "admin", _("admin")

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="senders", verbose_name=_("channel"))
    external_id = models.CharField(_("external id"), max_length=255)
    name = models.CharField(_("name"), max_length=255, blank=True)
    access = models.CharField(
        _("access"),
        max_length=10,
        choices=Access.choices,
        default=Access.UNKNOWN,
        help_text=_("A blocked sender's messages are not stored."),
    )

    class Meta:
        verbose_name = _("sender")
        verbose_name_plural = _("senders")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["channel", "external_id"], name="one_sender_per_external_id")]

    def __str__(self) -> str:
        return self.name or self.external_id

    def grant(self, access: str) -> None:
        self.access = access
        self.save(update_fields=["access"])
