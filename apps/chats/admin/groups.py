"""Groups: a new one gets its folder and its place on the chat page."""

from typing import Any

from django.contrib import admin, messages
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from apps.chats import services
from apps.chats.admin.memory import MemoryPages, memory_url
from apps.chats.admin.model_names import ModelNameInput
from apps.chats.admin.names import NamesField
from apps.chats.admin.readonly import TakesHistoryAlong
from apps.chats.admin.skills import SkillsField
from apps.chats.admin.variables import VariablesField
from apps.chats.fields import containers
from apps.chats.models import Chat, Group
from apps.chats.workspace.folders import workspace


class GroupForm(ModelForm):  # type: ignore[type-arg]
    skills = SkillsField(
        required=False,
        label=_("Skills"),
        help_text=_("The agent follows them in its container; without Docker it has none."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(field := self.fields.get("skills"), SkillsField):
            field.show(self.instance)

    class Meta:
        widgets = {"model": ModelNameInput}
        field_classes = {
            "admin_tools": NamesField,
            "approval_tools": NamesField,
            "allowed_domains": NamesField,
            "env": VariablesField,
        }
        help_texts = {
            "allowed_domains": _(
                "One a line, for the network of named hosts: pypi.org, *.example.org (every name below it), with"
                " :port for other ports than the usual ones."
            ),
            "mounts": _(
                "Folders of the host, such as [{“host”: “~/projects/site”, “container”: “site”, “write”: true}] with"
                " plain quotation marks. The operator's allowlist decides; see docs/walls.md."
            ),
            "env": _(
                "Variables of the container: NAME=value, one a line. No secrets: the agent reads them all, and can be"
                " talked into telling them. Keys of services belong to MCP servers, where the agent never sees them."
            ),
        }

    def clean_mounts(self) -> Any:
        """Nothing written means none."""
        return self.cleaned_data["mounts"] or []

    def clean_folder(self) -> str:
        """A folder that would lead elsewhere is refused here, before anything is made."""
        folder = str(self.cleaned_data["folder"])
        workspace(Group(folder=folder))
        return folder


class ChatInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Chat
    extra = 0
    fields = ("channel", "external_id", "kind", "title", "last_message_at")
    readonly_fields = fields
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Group)
class GroupAdmin(TakesHistoryAlong, MemoryPages):
    about = _("A group is what an agent serves: one folder, one memory, and the chats that you give it.")
    form = GroupForm
    list_display = ["name", "folder", "role", "engage", "page"]
    search_fields = ["name", "folder"]
    inlines = [ChatInline]
    fieldsets = [
        (None, {"fields": ["name", "folder", "is_main"]}),
        (
            _("When the agent answers"),
            {"fields": ["assistant_name", "trigger", "trigger_is_pattern", "engage", "sender_policy", "unaddressed"]},
        ),
        (_("How it answers"), {"fields": ["provider", "model", "session_scope", "timezone"]}),
        (_("Memory and skills"), {"fields": ["memory_page", "skills"]}),
        (
            _("Money"),
            {
                "classes": ["collapse"],
                "fields": ["daily_budget_usd", "monthly_budget_usd", "run_budget_usd", "max_turns"],
            },
        ),
        (_("Tools"), {"classes": ["collapse"], "fields": ["admin_tools", "approval_tools"]}),
        (
            _("Network, folders, environment"),
            {
                "classes": ["collapse"],
                "fields": ["network", "allowed_domains", "approve_hosts", "mounts", "env"],
            },
        ),
        (
            _("Limits"),
            {
                "classes": ["collapse"],
                "fields": [
                    *("memory_mb", "cpus", "pids", "disk_quota_mb"),
                    *("turn_timeout_s", "idle_timeout_s", "warm_early"),
                ],
            },
        ),
    ]

    def view_on_site(self, obj: Group) -> str:
        """Of a group, that is its chat page."""
        return reverse("dashboard:chat", args=[obj.folder])

    @admin.display(description=_("role"), ordering="is_main")
    def role(self, group: Group) -> str:
        return str(_("main")) if group.is_main else ""

    @admin.display(description=_("chat page"))
    def page(self, group: Group) -> SafeString:
        return format_html('<a href="{}">{}</a>', reverse("dashboard:chat", args=[group.folder]), _("open it"))

    @admin.display(description=_("Memory"))
    def memory_page(self, group: Group) -> SafeString | str:
        if group._state.adding:
            return "–"
        link = '<a href="{}">{}</a> · <a href="{}">{}</a>'
        return format_html(link, memory_url(group), _("read and edit"), memory_url(None), _("memory of all groups"))

    def get_readonly_fields(self, request: HttpRequest, obj: Group | None = None) -> list[str]:
        return ["folder", "memory_page"] if obj else ["memory_page"]

    def get_inlines(self, request: HttpRequest, obj: Group | None) -> Any:
        return self.inlines if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """The main group stays."""
        return not (obj and obj.is_main) and super().has_delete_permission(request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """With what was said on its chat page, which goes too."""
        listed, counts, needed, protected = super().get_deleted_objects(objs, request)
        _page, said, _needed, _protected = super().get_deleted_objects(services.pages_of(objs), request)
        return listed, {**said, **counts}, needed, protected

    def delete_model(self, request: HttpRequest, obj: Group) -> None:
        services.delete_group(obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Groups are deleted one at a time, on their own page."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def save_model(self, request: HttpRequest, obj: Group, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
        else:
            services.open_group(obj)
        if obj.network == Group.Network.OPEN:
            messages.warning(
                request, _("The network is open: the agent reaches the whole internet, and can tell it what it knows.")
            )
        for name in containers.likely_secrets(obj.env):
            messages.warning(
                request, _("%s looks like a secret, and every agent can be talked into telling it.") % name
            )
