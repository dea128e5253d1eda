from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.chats.models.chat import Chat, Sender
from apps.chats.models.message import Message


class PairingQuerySet(models.QuerySet["Pairing"]):
    def pending(self, now: datetime) -> "PairingQuerySet":
        return self.filter(expires_at__gt=now)

    def expired(self, now: datetime) -> "PairingQuerySet":
        return self.filter(expires_at__lte=now)


class Pairing(models.Model):
    """A stranger's code: whoever approves it allows the sender, and the first message is answered then."""

    sender = models.OneToOneField(Sender, models.CASCADE, related_name="pairing", verbose_name=_("sender"))
    chat = models.ForeignKey(Chat, models.CASCADE, related_name="pairings", verbose_name=_("chat"))
    message = models.ForeignKey(
        Message,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("first message"),
        help_text=_("Withheld until the sender is approved, and answered then."),
    )
    code = models.CharField(_("code"), max_length=12, unique=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"))

    objects = PairingQuerySet.as_manager()

    class Meta:
        verbose_name = _("pairing")
        verbose_name_plural = _("pairings")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.sender} · {self.code}"
