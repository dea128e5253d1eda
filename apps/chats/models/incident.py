from django.db import models
from django.utils.translation import gettext_lazy as _

# What is recorded, in words; each app brings its own kinds.
KINDS = {
    "MCP server": _("MCP server"),
    "budget": _("budget"),
    "channel": _("channel"),
    "delivery": _("delivery"),
    "disk quota": _("disk quota"),
    "exhausted container": _("exhausted container"),
    "failed run": _("failed run"),
    "flood": _("flood"),
    "garbled link": _("garbled link"),
    "intake": _("intake"),
    "model provider": _("model provider"),
    "pairing": _("pairing"),
    "refused file": _("refused file"),
    "refused host": _("refused host"),
    "refused mount": _("refused folder of the host"),
    "refused tool": _("refused tool"),
    "refused variable": _("refused variable"),
    "schedule": _("schedule"),
    "sender": _("sender"),
    "unknown price": _("unknown price"),
    "webhook": _("webhook"),
}


class Incident(models.Model):
    """A refusal or failure that a person should see, in one sentence."""

    kind = models.CharField(_("kind"), max_length=50)
    subject = models.CharField(_("subject"), max_length=200)
    sentence = models.TextField(_("what happened"))
    seen = models.BooleanField(_("seen"), default=False)
    times = models.PositiveIntegerField(_("times"), default=1)
    created_at = models.DateTimeField(_("first"), auto_now_add=True)
    last_at = models.DateTimeField(_("last"), auto_now=True)

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        ordering = ["-last_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject", "sentence"],
                condition=models.Q(seen=False),
                name="one_unseen_incident_of_a_kind",
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject}: {self.sentence}"

    @property
    def kind_in_words(self) -> str:
        return str(KINDS.get(self.kind, self.kind))
