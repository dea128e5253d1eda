"""A group's MCP servers, on the group's page: their secret headers can be written and never read."""

import re
import shlex
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from apps.agents.models import McpServer
from apps.chats.admin.credentials import CredentialsField, Row
from apps.chats.admin.groups import GroupAdmin
from apps.chats.fields.encryption import UNREADABLE, EncryptedDict


class HeadersField(CredentialsField):
    key_pattern = re.compile(r"^[A-Za-z0-9-]{1,64}\Z")
    key_error = _("A header's name has letters, digits and “-”: %(key)s")


class CommandField(forms.CharField):
    """A line as in a shell, for a list of words."""

    def __init__(self, *, encoder: Any = None, decoder: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        return shlex.join(map(str, value)) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        try:
            return shlex.split(super().clean(value))
        except ValueError as error:
            raise forms.ValidationError(_("A quotation mark is not closed.")) from error

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool((self.prepare_value(initial) or "") != (data or ""))


class McpServerForm(forms.ModelForm):  # type: ignore[type-arg]
    command = CommandField(
        required=False,
        label=_("Command"),
        help_text=_("For a program in the container, as in a shell: python3 server.py --option “a b”."),
    )
    secrets = HeadersField(required=False, label=_("Secret headers"))

    class Meta:
        model = McpServer
        fields = ["name", "enabled", "kind", "command", "url", "secrets"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = self.instance.secrets
        field = self.fields["secrets"]
        assert isinstance(field, HeadersField)
        field.show([Row(key=name, title=name, is_set=True) for name in stored], unreadable=stored is UNREADABLE)
        self.initial["secrets"] = None  # a value never reaches the page

    def clean(self) -> dict[str, Any]:
        """What is stored, without what was ticked, and with what was written; it does not follow to another host."""
        cleaned = super().clean() or self.cleaned_data
        change = cleaned.get("secrets")
        if change is None:  # it was refused already
            return cleaned
        kept = {name: value for name, value in self.instance.secrets.items() if name not in change.deleted}
        follows = [name for name in kept if name not in change.written]
        if follows and _place(cleaned.get("url")) != _place(self.initial.get("url")):
            self.add_error("secrets", _("Another host: enter these again, or delete them: %s") % ", ".join(follows))
            # The row must not be judged by what was not accepted.
            return cleaned | {"secrets": self.instance.secrets}
        return cleaned | {"secrets": EncryptedDict(kept | change.written)}


def _place(url: Any) -> tuple[str, str]:
    try:
        parts = urlsplit(str(url or ""))
    except ValueError:
        return ("", "")
    return (parts.scheme, parts.netloc.lower())


class McpServerInline(admin.StackedInline):  # type: ignore[type-arg]
    model = McpServer
    form = McpServerForm
    extra = 0
    verbose_name_plural = _("MCP servers")
    fields = ["name", "enabled", "kind", "command", "url", "secrets"]


# Groups lie below agents; what agents add to their page comes from here.
GroupAdmin.inlines = [*GroupAdmin.inlines, McpServerInline]
