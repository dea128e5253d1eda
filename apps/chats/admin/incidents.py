from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from apps.chats.admin.readonly import HistoryAdmin
from apps.chats.models import Incident
from apps.chats.models.incident import KINDS


class KindFilter(admin.SimpleListFilter):
    """Only the kinds that there are."""

    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        kinds = Incident.objects.order_by("kind").values_list("kind", flat=True).distinct()
        return [(kind, str(KINDS.get(kind, kind))) for kind in kinds]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Incident)
class IncidentAdmin(HistoryAdmin):
    about = _("Every refusal and failure that somebody should see. “Mark as seen” takes them off the overview.")
    list_display = ["sentence", "of_kind", "subject", "times", "last_at", "seen"]
    list_filter = ["seen", KindFilter]
    fields = ["of_kind", "subject", "sentence", "seen", "times", "created_at", "last_at"]
    readonly_fields = ["of_kind"]
    search_fields = ["sentence", "subject"]
    actions = ["mark_seen"]

    @admin.display(description=_("kind"), ordering="kind")
    def of_kind(self, incident: Incident) -> str:
        return incident.kind_in_words

    def has_mark_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("chats.change_incident")

    @admin.action(description=_("Mark as seen"), permissions=["mark"])
    def mark_seen(self, request: HttpRequest, queryset: Any) -> None:
        count = queryset.filter(seen=False).update(seen=True)
        self.message_user(request, ngettext("%d incident is seen.", "%d incidents are seen.", count) % count)
