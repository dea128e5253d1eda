from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from apps.chats.admin.readonly import HistoryAdmin
from apps.chats.models import Incident


@admin.register(Incident)
class IncidentAdmin(HistoryAdmin):
    about = _("Every refusal and failure that somebody should see. “Mark as seen” takes them off the overview.")
    list_display = ["sentence", "kind", "subject", "times", "last_at", "seen"]
    list_filter = ["seen", "kind"]
    search_fields = ["sentence", "subject"]
    actions = ["mark_seen"]

    @admin.action(description=_("Mark as seen"), permissions=["view"])
    def mark_seen(self, request: HttpRequest, queryset: Any) -> None:
        count = queryset.filter(seen=False).update(seen=True)
        self.message_user(request, ngettext("%d incident is seen.", "%d incidents are seen.", count) % count)
