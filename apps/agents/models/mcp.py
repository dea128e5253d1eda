from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.chats.encryption import EncryptedJSONField
from apps.chats.models import Group


class McpServer(models.Model):
    """An MCP server that a group's agent may use: a program in its container, or an address reached by the gateway."""

    class Kind(models.TextChoices):
        STDIO = "stdio", _("a program inside the container")
        HTTP = "http", _("an address, called by the gateway")

    group = models.ForeignKey(Group, models.CASCADE, related_name="mcp_servers", verbose_name=_("group"))
    name = models.CharField(
        _("name"),
        max_length=50,
        validators=[RegexValidator(r"^[a-z][a-z0-9_-]*\Z", _("Small letters, digits, “_” and “-”."))],
    )
    enabled = models.BooleanField(_("enabled"), default=True)
    kind = models.CharField(_("kind"), max_length=5, choices=Kind.choices)
    command = models.JSONField(
        _("command"), default=list, blank=True, help_text=_('The program and its arguments: ["npx", "-y", "…"].')
    )
    url = models.URLField(_("address"), blank=True)
    # Headers that the gateway adds on the host; never written into the container.
    secrets = EncryptedJSONField(_("secret headers"), blank=True, default=dict)

    class Meta:
        verbose_name = _("MCP server")
        verbose_name_plural = _("MCP servers")
        ordering = ["group", "name"]
        constraints = [
            models.UniqueConstraint(fields=["group", "name"], name="one_mcp_server_per_name"),
            models.CheckConstraint(
                condition=models.Q(kind="stdio", url="") | (models.Q(kind="http") & ~models.Q(url="")),
                name="mcp_servers_have_an_address_or_a_command",
            ),
        ]

    def __str__(self) -> str:
        return self.name
