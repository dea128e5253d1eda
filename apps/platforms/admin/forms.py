"""The form of a channel: exactly the fields that its platform asks for."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.chats.fields.encryption import UNREADABLE, EncryptedDict
from apps.chats.models import Channel
from apps.platforms.admin.credentials import CredentialsField, rows_for
from apps.platforms.spec import REFERENCES, Field, PlatformSpec, Words

NOTHING = PlatformSpec(label="", adapter="")
WORDS: dict[str, Words] = {"yes": _("yes"), "no": _("no")}  # of choices; the others are names


class ChannelForm(forms.ModelForm):  # type: ignore[type-arg]
    spec = NOTHING  # of the platform; set by `form_for`
    credentials = CredentialsField(required=False, label=_("Credentials"))
    options = forms.JSONField(
        required=False, label=_("Further options"), help_text=_("JSON; what stands here wins over the fields above.")
    )

    class Meta:
        model = Channel
        fields = ["platform", "name", "enabled", "credentials", "options"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = self.instance.credentials
        field = self.fields["credentials"]
        assert isinstance(field, CredentialsField)
        field.show(rows_for(self.spec.credentials, stored), unreadable=stored is UNREADABLE)
        self.initial["credentials"] = None  # a value never reaches the page
        asked = {option.name for option in self.spec.options}
        self.initial["options"] = {key: value for key, value in self.instance.options.items() if key not in asked}
        for option in self.spec.options:
            self.initial[option_name(option)] = self.instance.options.get(option.name, "")

    def clean_credentials(self) -> EncryptedDict:
        """What is stored, without the keys that were ticked, and with those that were written."""
        change = self.cleaned_data["credentials"]
        kept = {key: value for key, value in self.instance.credentials.items() if key not in change.deleted}
        wanted = kept | change.written
        missing = [str(field.title) for field in self.spec.credentials if field.required and not wanted.get(field.name)]
        if missing:
            raise forms.ValidationError(_("This is needed: %s") % ", ".join(missing))
        for field in self.spec.credentials:
            value = change.written.get(field.name, "")
            if not value.startswith(REFERENCES) and (problem := field.problem(value)):
                raise forms.ValidationError(f"{field.title}: {problem}")
        return EncryptedDict(wanted)

    def clean_options(self) -> dict[str, Any]:
        options = self.cleaned_data["options"] or {}
        if not isinstance(options, dict):
            raise forms.ValidationError(_("A JSON object is expected, such as {}."))
        return options

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        chosen = {option.name: cleaned.get(option_name(option), "") for option in self.spec.options}
        written = {name: value for name, value in chosen.items() if value}
        cleaned["options"] = written | (cleaned.get("options") or {})
        for option in self.spec.options:
            if problem := option.problem(str(cleaned["options"].get(option.name, ""))):
                self.add_error(option_name(option), problem)
        return cleaned


def option_name(option: Field) -> str:
    return f"option-{option.name}"


def form_for(spec: PlatformSpec | None) -> type[ChannelForm]:
    spec = spec or NOTHING
    fields = {option_name(option): _form_field(option) for option in spec.options}
    return type("PlatformChannelForm", (ChannelForm,), {"spec": spec, **fields})


def _form_field(option: Field) -> forms.Field:
    common: dict[str, Any] = {"label": option.title, "help_text": option.help, "required": option.required}
    if option.choices:
        first, *others = option.choices
        choices = [("", WORDS.get(first, first)), *((other, WORDS.get(other, other)) for other in others)]
        return forms.ChoiceField(choices=choices, **common)
    return forms.CharField(max_length=500, **common)
