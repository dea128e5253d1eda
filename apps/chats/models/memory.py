from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.chats.models.group import Group


class MemoryEdit(models.Model):
    """What a memory file held before and after somebody changed it in the admin."""

    # Empty: the memory that all groups share.
    group = models.ForeignKey(
        Group, models.CASCADE, null=True, blank=True, related_name="memory_edits", verbose_name=_("group")
    )
    path = models.CharField(_("file"), max_length=500)
    before = models.TextField(_("before"), blank=True)
    after = models.TextField(_("after"), blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("by")
    )
    created_at = models.DateTimeField(_("at"), auto_now_add=True)

    class Meta:
        verbose_name = _("memory edit")
        verbose_name_plural = _("memory edits")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.path
