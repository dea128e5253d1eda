from django.db import models
from django.utils.translation import gettext_lazy as _


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
