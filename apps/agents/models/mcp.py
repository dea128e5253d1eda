import re
import time
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.chats.fields.encryption import UNREADABLE, EncryptedJSONField
from apps.chats.models import Group
from apps.chats.models.channel import CredentialError, resolved

RESERVED = "ngb"  # our own tools come under this name
HEADER = re.compile(r"^[A-Za-z0-9-]{1,64}\Z")
FRAMING = ("host", "content-length", "transfer-encoding", "connection", "accept-encoding")
ADDRESS = re.compile(r"^https?://[^\s/?#]+(/[^\s#]*)?(\?[^\s#]*)?\Z")
MAX_COMMAND = 50  # words
KNOWN_FOR = 10.0  # seconds


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
    url = models.CharField(
        _("address"),
        max_length=300,
        blank=True,
        validators=[RegexValidator(ADDRESS, _("An address such as https://host/mcp is expected."))],
        help_text=_("Of a server that speaks streamable HTTP: https://host/mcp."),
    )
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

    def save(self, *args: Any, **kwargs: Any) -> None:
        super().save(*args, **kwargs)
        forget_groups()

    def clean(self) -> None:
        if self.name == RESERVED:
            raise ValidationError({"name": _("“ngb” is the name of the service's own tools.")})
        problems = _wrong_program(self) if self.kind == self.Kind.STDIO else _wrong_address(self)
        if problems:
            raise ValidationError(problems)

    def secret_headers(self) -> dict[str, str]:
        """With `env:` and `file:` references resolved; raises CredentialError."""
        if self.secrets is UNREADABLE:
            raise CredentialError("its secret headers were encrypted under another secret key; enter them again.")
        headers = {name: resolved(value) for name, value in self.secrets.items()}
        for name, value in headers.items():
            if not value or not value.isprintable() or not value.isascii():
                raise CredentialError(f"the secret header {name} is empty or holds what no header can.")
        return headers


_groups: dict[str, Any] = {"ids": frozenset(), "until": 0.0}


def groups_with_servers() -> frozenset[int]:
    """So that the turns of the others need no look at the rows; other processes notice a change within seconds."""
    if time.monotonic() > _groups["until"]:
        _groups["ids"] = frozenset(McpServer.objects.filter(enabled=True).values_list("group_id", flat=True))
        _groups["until"] = time.monotonic() + KNOWN_FOR
    return _groups["ids"]  # type: ignore[no-any-return]


def forget_groups() -> None:
    _groups["until"] = 0.0


def _has_valid_port(url: str) -> bool:
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def _wrong_program(server: McpServer) -> dict[str, Any]:
    words = server.command
    if not isinstance(words, list) or not words or not all(isinstance(word, str) and word for word in words):
        return {"command": _('A JSON list of words is expected, the program first: ["npx", "-y", "…"].')}
    if len(words) > MAX_COMMAND:
        return {"command": _("The command has too many words.")}
    if server.url:
        return {"url": _("A program in the container has no address.")}
    return {"secrets": _("A program in the container gets no secrets.")} if server.secrets else {}


def _wrong_address(server: McpServer) -> dict[str, Any]:
    if not server.url:
        return {"url": _("The server's address is needed.")}
    if server.command:
        return {"command": _("A server with an address has no command.")}
    if "@" in urlsplit(server.url).netloc:
        return {"url": _("No name and password in the address: secrets go into the secret headers.")}
    if not _has_valid_port(server.url):
        return {"url": _("The port is none.")}
    wrong = [name for name in server.secrets if not HEADER.match(name) or name.lower() in FRAMING]
    return {"secrets": _("This is no header that can be set: %s") % ", ".join(wrong)} if wrong else {}
