"""People: who may call, and the strangers who ask to."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from apps.chats import pairing
from apps.chats.admin.readonly import HistoryAdmin, TakesHistoryAlong
from apps.chats.models import Group, Pairing, Sender


@admin.register(Sender)
class SenderAdmin(TakesHistoryAlong):
    about = _("Everybody who wrote. Whether they may call the agent is decided by their access and by the group.")
    list_display = ["__str__", "channel", "access", "external_id"]
    list_filter = ["access", "channel"]
    list_select_related = ["channel"]
    search_fields = ["name", "external_id"]
    readonly_fields = ["channel", "external_id", "name"]
    fields = ["channel", "external_id", "name", "access"]
    actions = ["allow", "make_admin", "block", "withdraw"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Sender, form: Any, change: bool) -> None:
        pairing.set_access(obj, obj.access)

    @admin.action(description=_("Allow: their calls count in every group of the channel"), permissions=["change"])
    def allow(self, request: HttpRequest, queryset: Any) -> None:
        self._each(request, queryset, Sender.Access.ALLOWED)

    @admin.action(
        description=_("Make admin: they may also approve, change the model and begin afresh"), permissions=["change"]
    )
    def make_admin(self, request: HttpRequest, queryset: Any) -> None:
        self._each(request, queryset, Sender.Access.ADMIN)

    @admin.action(description=_("Block: nothing they write is stored"), permissions=["change"])
    def block(self, request: HttpRequest, queryset: Any) -> None:
        self._each(request, queryset, Sender.Access.BLOCKED)

    @admin.action(description=_("Withdraw: they are unknown again"), permissions=["change"])
    def withdraw(self, request: HttpRequest, queryset: Any) -> None:
        self._each(request, queryset, Sender.Access.UNKNOWN)

    def _each(self, request: HttpRequest, queryset: Any, access: Sender.Access) -> None:
        senders = list(queryset)
        for sender in senders:
            pairing.set_access(sender, access)
        said = ngettext("%(count)d sender: %(access)s.", "%(count)d senders: %(access)s.", len(senders))
        self.message_user(request, said % {"count": len(senders), "access": access.label})


class ApprovalForm(forms.Form):
    group = forms.ModelChoiceField(
        Group.objects.all(),
        label=_("group"),
        required=False,
        help_text=_("Serves the direct chats among them that belong to no group; empty: the one the channel names."),
    )


@admin.register(Pairing)
class PairingAdmin(HistoryAdmin):
    about = _("Strangers who wrote directly and were given a code. “Approve” lets them in; a code expires by itself.")
    list_display = ["sender", "code", "chat", "words", "created_at", "expires_at"]
    list_filter = ["sender__channel"]
    list_select_related = ["sender", "chat__channel", "message"]
    search_fields = ["code", "sender__name"]
    actions = ["approve", "block"]

    @admin.display(description=_("first message"))
    def words(self, waiting: Pairing) -> str:
        return Truncator(waiting.message.text).chars(80) if waiting.message else "–"

    def has_approve_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("chats.change_sender")

    @admin.action(description=_("Approve: let them in, and answer the first message…"), permissions=["approve"])
    def approve(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        form = ApprovalForm(request.POST if "chosen" in request.POST else None)
        if form.is_valid():
            self._approve(request, list(queryset), form.cleaned_data["group"])
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": _("Let strangers in"),
            "opts": self.model._meta,
            "waiting": queryset,
            "form": form,
            "action_checkbox_name": helpers.ACTION_CHECKBOX_NAME,
        }
        return render(request, "admin/chats/approve.html", context)

    def _approve(self, request: HttpRequest, waiting: list[Pairing], group: Group | None) -> None:
        count = 0
        for each in waiting:
            try:
                pairing.approve(each, group=None if each.chat.group else group)
                count += 1
            except pairing.PairingError as error:
                self.message_user(request, f"{each}: {error}", messages.ERROR)
        if count:
            said = ngettext("%d person is let in.", "%d people are let in.", count)
            self.message_user(request, said % count)

    @admin.action(description=_("Block the senders"), permissions=["approve"])
    def block(self, request: HttpRequest, queryset: Any) -> None:
        waiting = list(queryset.select_related("sender"))
        for each in waiting:
            pairing.block(each.sender)
        said = ngettext("%d sender is blocked.", "%d senders are blocked.", len(waiting))
        self.message_user(request, said % len(waiting))
