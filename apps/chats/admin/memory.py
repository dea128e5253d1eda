"""What a group's agent remembers, to read and to edit; each edit can be seen and taken back."""

import difflib
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from apps.chats.models import Group, MemoryEdit
from apps.chats.workspace import memory
from apps.chats.workspace.safe_folders import FileRefusedError

MOST_EDITS = 50
DIFF_LINES = 4000  # of each side; comparing more takes long
CONTEXT = 3


class MemoryForm(forms.Form):
    text = forms.CharField(
        required=False,
        strip=False,
        label=_("Text"),
        widget=forms.Textarea(attrs={"rows": 24, "cols": 80, "spellcheck": "false", "class": "memory-text"}),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    difference: list[tuple[str, str]] | None = None  # between what the person wrote and what is there now


class MemoryPages(admin.ModelAdmin):  # type: ignore[type-arg]
    """For the groups' admin: `/<pk>/memory/…`, and `/0/memory/…` for what all groups share."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/memory/", view(self.memory), name="chats_group_memory"),
            path("<int:pk>/memory/file/", view(self.memory_file), name="chats_group_memory_file"),
            path("<int:pk>/memory/edits/<int:edit_pk>/", view(self.memory_edit), name="chats_group_memory_edit"),
            *super().get_urls(),
        ]

    def memory(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The files, and who changed them here."""
        group = self._remembering(request, pk)
        files = memory.files(group)
        context = {
            "memories": [file for file in files if "/" not in file.path],
            "archives": [file for file in files if "/" in file.path],
            "edits": MemoryEdit.objects.filter(group=group)
            .select_related("user")
            .defer("before", "after")[:MOST_EDITS],
        }
        return self._page(request, group, "admin/chats/memory/files.html", context)

    def memory_file(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One file: read, or edited."""
        group = self._remembering(request, pk)
        name = request.GET.get("path", "")
        if not memory.is_memory(name):
            raise Http404
        try:
            content = memory.read(group, name)
        except FileRefusedError as error:
            messages.error(request, str(error))
            return redirect("admin:chats_group_memory", pk)
        editable = content.editable and self.has_change_permission(request, group)
        form = MemoryForm(request.POST or None, initial={"text": content.text, "seen": content.digest})
        if request.method == "POST":
            if not editable:
                raise PermissionDenied
            if form.is_valid() and self._save(request, group, name, form):
                return redirect("admin:chats_group_memory", pk)
        context = {"path": name, "content": content, "form": form if editable else None}
        return self._page(request, group, "admin/chats/memory/file.html", context)

    def _save(self, request: HttpRequest, group: Group | None, name: str, form: MemoryForm) -> bool:
        text, seen = form.cleaned_data["text"], form.cleaned_data["seen"]
        try:
            edit = memory.write(group, name, text, seen=seen, user=request.user)
        except memory.ChangedMeanwhileError as error:
            form.add_error("text", _("Somebody, perhaps the agent, changed the file meanwhile. Below is what changed."))
            form.data = {"text": text, "seen": error.now.digest}  # whoever saves again has seen it
            form.difference = difference(text.replace("\r\n", "\n"), error.now.text)
            return False
        except FileRefusedError as error:
            form.add_error("text", str(error))
            return False
        self.message_user(request, _("Saved: %s") % name if edit else _("Nothing was changed."))
        return True

    def memory_edit(self, request: HttpRequest, pk: int, edit_pk: int) -> HttpResponse:
        """What an edit changed; a POST takes it back."""
        group = self._remembering(request, pk)
        edit = get_object_or_404(MemoryEdit.objects.select_related("user"), pk=edit_pk, group=group)
        may_change = self.has_change_permission(request, group)
        if request.method == "POST":
            if not may_change:
                raise PermissionDenied
            self._restore(request, edit)
            return redirect("admin:chats_group_memory", pk)
        context = {"edit": edit, "difference": difference(edit.before, edit.after), "may_change": may_change}
        return self._page(request, group, "admin/chats/memory/edit.html", context)

    def _restore(self, request: HttpRequest, edit: MemoryEdit) -> None:
        try:
            made = memory.restore(edit, user=request.user)
        except (FileRefusedError, memory.ChangedMeanwhileError) as error:
            self.message_user(request, str(error), messages.ERROR)
            return
        said = _("As it was before that edit: %s") if made else _("It is like that already: %s")
        self.message_user(request, said % edit.path)

    def _remembering(self, request: HttpRequest, pk: int) -> Group | None:
        """The group, None for what all share; whoever may not see groups sees nothing here."""
        group = get_object_or_404(Group, pk=pk) if pk else None
        if not self.has_view_permission(request, group):
            raise PermissionDenied
        return group

    def _page(self, request: HttpRequest, group: Group | None, template: str, more: dict[str, Any]) -> HttpResponse:
        title = _("Memory of %s") % group if group else _("Memory of all groups")
        own = {"title": title, "group": group, "pk": group.pk if group else 0, "opts": self.opts}
        return render(request, template, {**self.admin_site.each_context(request), **own, **more})


def memory_url(group: Group | None, name: str = "") -> str:
    pk = group.pk if group else 0
    if not name:
        return reverse("admin:chats_group_memory", args=[pk])
    return reverse("admin:chats_group_memory_file", args=[pk]) + "?" + urlencode({"path": name})


def difference(before: str, after: str) -> list[tuple[str, str]]:
    """(kind, line): kind is add, remove, skip or same. Empty when the texts are too long to compare."""
    old, new = before.splitlines(), after.splitlines()
    if max(len(old), len(new)) > DIFF_LINES:
        return []
    kinds = {"+": "add", "-": "remove", "@": "skip"}
    lines = list(difflib.unified_diff(old, new, n=CONTEXT, lineterm=""))[3:]
    return [(kinds.get(line[:1], "same"), line if line.startswith("@") else line[1:]) for line in lines]
