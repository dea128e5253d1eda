"""Variables in a form: NAME=value, one a line."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


class VariablesField(forms.Field):
    """For a JSONField of the model that holds an object of strings. The model judges names and values."""

    widget = forms.Textarea(attrs={"rows": 3, "cols": 60})

    def __init__(self, *, encoder: Any = None, decoder: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(f"{name}={text}" for name, text in value.items()) if isinstance(value, dict) else value

    def to_python(self, value: Any) -> dict[str, str]:
        found: dict[str, str] = {}
        for line in filter(None, (line.strip() for line in str(value or "").splitlines())):
            name, equals, text = line.partition("=")
            if not equals:
                raise ValidationError(_("NAME=value is expected, one a line: %(line)s"), params={"line": line[:100]})
            if name.strip() in found:
                raise ValidationError(_("%(name)s stands there twice."), params={"name": name.strip()[:100]})
            found[name.strip()] = text.strip()
        return found
