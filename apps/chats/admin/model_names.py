"""A text field that proposes the names of models; any other name may be entered."""

from typing import Any

from django.forms import TextInput
from django.template.loader import render_to_string
from django.utils.safestring import SafeString


class ModelNameInput(TextInput):
    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"class": "vTextField", "list": "model-names", "spellcheck": "false", **(attrs or {})})

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        """With the proposals, which a template knows: the app that has them stands above this one."""
        return super().render(name, value, attrs, renderer) + render_to_string("admin/chats/model_names.html")
