"""Channels: what is set is shown by name only, never by value."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.chats import services
from apps.chats.admin.credentials import CredentialsField
from apps.chats.encryption import UNREADABLE, EncryptedDict
from apps.chats.models import Channel, Platform


class ChannelForm(forms.ModelForm):  # type: ignore[type-arg]
    credentials = CredentialsField(required=False, label=_("Credentials"))

    class Meta:
        model = Channel
        fields = ["platform", "name", "enabled", "credentials", "options"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = self.instance.credentials
        field = self.fields["credentials"]
        assert isinstance(field, CredentialsField)
        field.show(sorted(stored), unreadable=stored is UNREADABLE)
        self.initial["credentials"] = None  # a value never reaches the page

    def clean_credentials(self) -> EncryptedDict:
        """What is stored, without the keys that were ticked, and with those that were written."""
        change = self.cleaned_data["credentials"]
        kept = {key: value for key, value in self.instance.credentials.items() if key not in change.deleted}
        return EncryptedDict(kept | change.written)

    def clean_options(self) -> dict[str, Any]:
        options = self.cleaned_data["options"]
        if not isinstance(options, dict):
            raise forms.ValidationError(_("A JSON object is expected, such as {}."))
        return options


@admin.register(Channel)
class ChannelAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = ChannelForm
    list_display = ["name", "platform", "enabled", "status", "status_detail", "last_event_at"]
    list_filter = ["platform", "status", "enabled"]
    search_fields = ["name"]
    actions = ["enable", "disable"]
    readonly_fields = ["status", "status_detail", "last_event_at", "edited_at"]
    fieldsets = [
        (None, {"fields": ["platform", "name", "enabled", "credentials", "options"]}),
        (_("State"), {"fields": ["status", "status_detail", "last_event_at", "edited_at"]}),
    ]

    def save_model(self, request: HttpRequest, obj: Channel, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        services.channel_edited(obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Channel | None = None) -> list[str]:
        """A channel stays what it is: its chats are known by ids of that platform."""
        return [*self.readonly_fields, "platform"] if obj else list(self.readonly_fields)

    def has_delete_permission(self, request: HttpRequest, obj: Channel | None = None) -> bool:
        """The chat page's channel stays: with it, everything that was said on the page would go."""
        is_page = obj is not None and obj.platform == Platform.WEB
        return not is_page and super().has_delete_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Channels are deleted one at a time, on a page that lists what goes with them."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    @admin.action(description=_("Enable"), permissions=["change"])
    def enable(self, request: HttpRequest, queryset: Any) -> None:
        self._switch(request, queryset, enabled=True)

    @admin.action(description=_("Disable"), permissions=["change"])
    def disable(self, request: HttpRequest, queryset: Any) -> None:
        self._switch(request, queryset, enabled=False)

    def _switch(self, request: HttpRequest, queryset: Any, *, enabled: bool) -> None:
        channels = list(queryset.filter(enabled=not enabled))
        for channel in channels:
            channel.enabled = enabled
            channel.save(update_fields=["enabled"])
            services.channel_edited(channel)
        said = _("%d enabled.") if enabled else _("%d disabled.")
        self.message_user(request, said % len(channels))
