"""Chats: a discovered one is registered to a group here."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import helpers
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from apps.chats import pairing
from apps.chats.admin.readonly import TakesHistoryAlong
from apps.chats.models import Chat, Group


class Registered(admin.SimpleListFilter):
    title = _("registered")
    parameter_name = "registered"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("no", _("discovered, waits for its group")), ("yes", _("registered"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "no":
                return queryset.filter(group__isnull=True)
            case "yes":
                return queryset.filter(group__isnull=False)
        return queryset


class RegisterForm(forms.Form):
    group = forms.ModelChoiceField(Group.objects.all(), label=_("group"))


@admin.register(Chat)
class ChatAdmin(TakesHistoryAlong):
    about = _(
        "Where people write. A discovered chat is silent until it has a group: mark it and choose “Register to group…”."
    )
    list_display = ["__str__", "channel", "kind", "group", "last_message_at"]
    list_filter = [Registered, "channel", "kind", "group"]
    list_select_related = ["channel", "group"]
    search_fields = ["title", "external_id"]
    autocomplete_fields = ["channel", "group"]
    readonly_fields = ["last_message_at"]
    fields = ["channel", "external_id", "kind", "title", "group", "last_message_at"]
    actions = ["register"]

    def get_fields(self, request: HttpRequest, obj: Chat | None = None) -> Any:
        """In a new one nobody has written yet."""
        return [name for name in super().get_fields(request, obj) if obj or name not in self.readonly_fields]

    def get_readonly_fields(self, request: HttpRequest, obj: Chat | None = None) -> list[str]:
        """What the platform says of a chat is the platform's."""
        return [*self.readonly_fields, "channel", "external_id", "kind"] if obj else list(self.readonly_fields)

    def save_model(self, request: HttpRequest, obj: Chat, form: Any, change: bool) -> None:
        """A group chosen here is as good as “Register to group…”."""
        super().save_model(request, obj, form, change)
        if obj.group and "group" in form.changed_data:
            pairing.register(obj, group=obj.group)

    @admin.action(description=_("Register to group…"), permissions=["change"])
    def register(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        form = RegisterForm(request.POST if "chosen" in request.POST else None)
        if form.is_valid():
            group, chats = form.cleaned_data["group"], list(queryset)
            for chat in chats:
                pairing.register(chat, group=group)
            said = ngettext(
                "%(count)d chat is served by %(group)s now.", "%(count)d chats are served by %(group)s now.", len(chats)
            )
            self.message_user(request, said % {"count": len(chats), "group": group})
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": _("Register to a group"),
            "opts": self.model._meta,
            "chats": queryset,
            "form": form,
            "action_checkbox_name": helpers.ACTION_CHECKBOX_NAME,
        }
        return render(request, "admin/chats/register.html", context)
