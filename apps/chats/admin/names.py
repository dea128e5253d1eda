"""A list of names in a form: one a line."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

LONGEST = 200  # characters of one name
MOST = 200


class NamesField(forms.Field):
    """For a JSONField of the model that holds a list of strings; without doubles, in the order of the lines."""

    widget = forms.Textarea(attrs={"rows": 3, "cols": 40})

    def __init__(self, *, encoder: Any = None, decoder: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        lines = [line.strip() for line in str(value or "").splitlines()]
        names = list(dict.fromkeys(line for line in lines if line))
        if len(names) > MOST or any(len(name) > LONGEST or " " in name for name in names):
            raise ValidationError(_("One name a line is expected, without spaces."))
        return names
