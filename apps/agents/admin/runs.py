"""Runs and the memories they resume: looked at, stopped, forgotten; never edited."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from apps.agents import authorization, services
from apps.agents.models import Run, RunStep, RunUsage, Session
from apps.chats.admin.readonly import HistoryAdmin


class RunStepInline(admin.TabularInline):  # type: ignore[type-arg]
    model = RunStep
    extra = 0
    can_delete = False
    fields = ("seq", "created_at", "kind", "summary", "detail")
    readonly_fields = fields


class RunUsageInline(admin.TabularInline):  # type: ignore[type-arg]
    model = RunUsage
    extra = 0
    can_delete = False
    fields = (
        *("provider", "model", "calls", "input_tokens", "output_tokens"),
        *("cache_read_tokens", "cache_write_tokens", "cost_usd"),
    )
    readonly_fields = fields


@admin.register(Run)
class RunAdmin(HistoryAdmin):
    about = _("Every turn of an agent: what called it, what it did, what it cost. Open one for its steps.")
    list_display = ["id", "group", "status", "cause", "attempt", "created_at", "took", "cost", "error"]
    list_filter = ["status", "cause", "session__group", "agent", "runtime"]
    list_select_related = ["session__group", "chat__channel"]
    search_fields = ["=id", "error"]
    date_hierarchy = "created_at"
    fieldsets = [
        (
            None,
            {
                "fields": [
                    *("session", "chat", "thread_id", "cause", "prompt", "status", "error"),
                    *("agent", "model", "runtime", "cost", "started_at", "finished_at", "took"),
                ]
            },
        ),
        (
            _("Details"),
            {
                "classes": ["collapse"],
                "fields": [
                    *("attempt", "not_before", "lease_until", "worker", "container"),
                    *("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"),
                ],
            },
        ),
    ]
    readonly_fields = ["cost", "took"]
    inlines = [RunStepInline, RunUsageInline]
    actions = ["stop"]

    @admin.display(description=_("group"), ordering="session__group")
    def group(self, run: Run) -> str:
        return str(run.group)

    @admin.display(description=_("cost in US$"), ordering="cost_usd")
    def cost(self, run: Run) -> str:
        return f"{run.cost_usd:.4f}" if run.cost_usd else "–"

    @admin.display(description=_("took"))
    def took(self, run: Run) -> str:
        if not run.started_at or not run.finished_at:
            return "–"
        seconds = (run.finished_at - run.started_at).total_seconds()
        return gettext("%.1f s") % seconds if seconds < 60 else gettext("%.0f min") % (seconds / 60)

    def has_stop_permission(self, request: HttpRequest) -> bool:
        """As on the chat page."""
        return request.user.has_perm("chats.add_message")

    @admin.action(description=_("Stop"), permissions=["stop"])
    def stop(self, request: HttpRequest, queryset: Any) -> None:
        open_runs = list(queryset.filter(status__in=(Run.Status.QUEUED, Run.Status.RUNNING)))
        for run in open_runs:
            services.stop_run(run)
        said = ngettext("%d run is being stopped.", "%d runs are being stopped.", len(open_runs))
        self.message_user(request, said % len(open_runs))


@admin.register(Session)
class SessionAdmin(HistoryAdmin):
    about = _("An agent's memory of a conversation. “Forget” lets the next run begin afresh; messages and files stay.")
    list_display = ["group", "key", "sdk_session_id", "created_at", "last_run_at"]
    list_filter = ["group"]
    list_select_related = ["group"]
    actions = ["forget"]

    def has_forget_permission(self, request: HttpRequest) -> bool:
        """As in the chat, where `/new` is for admins."""
        return request.user.has_perm(authorization.MANAGES)

    @admin.action(description=_("Forget: the next run begins a fresh conversation"), permissions=["forget"])
    def forget(self, request: HttpRequest, queryset: Any) -> None:
        sessions = list(queryset)
        for session in sessions:
            session.begin_anew()
        said = ngettext("%d session is forgotten.", "%d sessions are forgotten.", len(sessions))
        self.message_user(request, said % len(sessions))


@admin.register(RunStep)
class RunStepAdmin(HistoryAdmin):
    list_display = ["run", "seq", "created_at", "kind", "summary"]
    list_filter = ["kind"]
    search_fields = ["summary", "=run__id"]
