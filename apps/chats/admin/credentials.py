"""A write-only field for secrets: it names the keys that are set, keeps what is left empty, deletes on request."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

Words = str | Promise

KEY = re.compile(r"^[A-Za-z][A-Za-z0-9_]{0,63}\Z")
NEW_ROWS = 3


@dataclass(frozen=True, slots=True)
class CredentialsChange:
    """What the person wants changed."""

    written: dict[str, str] = field(default_factory=dict)
    deleted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Row:
    """One credential on the form; `value` only where it is no secret."""

    key: str
    title: Words
    help: Words = ""
    is_set: bool = False
    required: bool = False
    secret: bool = True
    choices: Sequence[str] = ()
    value: str = ""


class CredentialsWidget(forms.Widget):
    template_name = "admin/chats/credentials.html"
    rows: Sequence[Row] = ()
    unreadable = False

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        """Through the project's own templates; a form's renderer looks into the apps' only."""
        return render_to_string(self.template_name, self.get_context(name, value, attrs))

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, None, attrs)
        # A platform that nobody knows: any name may be entered.
        new = range(0 if any(row.title != row.key for row in self.rows) else NEW_ROWS)
        context["widget"] |= {"rows": self.rows, "new": new, "unreadable": self.unreadable}
        return context

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> CredentialsChange:
        keys = [row.key for row in self.rows]
        written = {key: str(data.get(f"{name}-value-{key}", "")).strip() for key in keys}
        for row in range(NEW_ROWS):
            key = str(data.get(f"{name}-new-key-{row}", "")).strip()
            value = str(data.get(f"{name}-new-value-{row}", "")).strip()
            if key or value:
                written[key] = value or written.get(key, "")
        deleted = frozenset(key for key in keys if data.get(f"{name}-delete-{key}"))
        return CredentialsChange(written={key: value for key, value in written.items() if value}, deleted=deleted)

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return False

    def use_required_attribute(self, initial: Any) -> bool:
        return False


class CredentialsField(forms.Field):
    """Cleans to a CredentialsChange."""

    key_pattern = KEY
    key_error = _("A credential's name has letters, digits and “_”: %(key)s")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=CredentialsWidget, **kwargs)

    def show(self, rows: Sequence[Row], *, unreadable: bool) -> None:
        assert isinstance(self.widget, CredentialsWidget)
        self.widget.rows, self.widget.unreadable = rows, unreadable

    def to_python(self, value: Any) -> CredentialsChange:
        return value or CredentialsChange()

    def validate(self, value: CredentialsChange) -> None:
        for key in value.written:
            if not self.key_pattern.match(key):
                raise ValidationError(self.key_error, params={"key": key or "?"})

    def has_changed(self, initial: Any, data: Any) -> bool:
        return isinstance(data, CredentialsChange) and bool(data.written or data.deleted)
