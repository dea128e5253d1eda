"""The installation's budget, one row, and how it stands; what each run used."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from apps.agents.billing import budgets
from apps.agents.models import InstallationBudget, RunUsage
from apps.chats.admin.readonly import HistoryAdmin


@admin.register(InstallationBudget)
class InstallationBudgetAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    fieldsets = [
        (
            None,
            {
                "fields": ["daily_usd", "monthly_usd", "spent"],
                "description": _("Of all groups together; empty: no ceiling. A group has budgets of its own, too."),
            },
        )
    ]
    readonly_fields = ["spent"]

    @admin.display(description=_("spent"))
    def spent(self, _budget: InstallationBudget) -> str:
        spent = budgets.spent_by_installation()
        return str(_("US$ %(today).2f today, %(month).2f this month")) % {"today": spent.today, "month": spent.month}

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """There is one: its page is the list."""
        if not self.has_view_permission(request):
            return super().changelist_view(request, extra_context)
        budget, _created = InstallationBudget.objects.get_or_create(pk=1)
        return redirect("admin:agents_installationbudget_change", budget.pk)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: InstallationBudget, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        budgets.forget()


@admin.register(RunUsage)
class RunUsageAdmin(HistoryAdmin):
    about = _("The tokens and the cost of every run, by provider and model.")
    list_display = [
        "run",
        "provider",
        "model",
        "calls",
        "input_tokens",
        "output_tokens",
        "cache_read_tokens",
        "cache_write_tokens",
        "cost_usd",
    ]
    list_filter = ["provider", "model"]
    list_select_related = ["run"]
    search_fields = ["=run__id", "model"]
