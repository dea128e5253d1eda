"""The transcript of everything: read-only, with resend for what was not delivered."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from apps.chats import services
from apps.chats.admin.readonly import HistoryAdmin
from apps.chats.models import Attachment, Message


class Trouble(admin.SimpleListFilter):
    title = _("what went wrong")
    parameter_name = "trouble"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("failed", _("not delivered")),
            ("waiting", _("waits for delivery")),
            ("unanswered", _("not answered yet")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "failed":
                return queryset.filter(delivery__in=(Message.Delivery.FAILED, Message.Delivery.UNKNOWN))
            case "waiting":
                return queryset.filter(delivery__in=(Message.Delivery.QUEUED, Message.Delivery.SENDING))
            case "unanswered":
                return queryset.filter(direction=Message.Direction.IN, calls_agent=True, run__isnull=True)
        return queryset


class AttachmentInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Attachment
    extra = 0
    can_delete = False


@admin.register(Message)
class MessageAdmin(HistoryAdmin):
    about = _("Everything that was said. What could not be delivered can be sent again.")
    list_display = ["start", "delivery", "author", "chat", "created_at", "error"]
    list_filter = [Trouble, "direction", "kind", "chat__channel", "chat__group"]
    list_select_related = ["chat__channel", "sender"]
    search_fields = ["text", "external_id"]
    ordering = ["-pk"]
    fieldsets = [
        (None, {"fields": ["text", "chat", "author", "direction", "sent_at", "calls_agent", "run"]}),
        (_("Delivery"), {"fields": ["delivery", "attempts", "next_attempt_at", "error"]}),
        (
            _("Details"),
            {
                "classes": ["collapse"],
                "fields": [
                    *("kind", "sender", "withheld", "reply_to", "quoted_sender", "quoted_text", "thread_id"),
                    *("choices", "external_id", "external_parts", "created_at"),
                ],
            },
        ),
    ]
    readonly_fields = ["author", "created_at"]
    inlines = [AttachmentInline]
    actions = ["resend"]

    def get_fieldsets(self, request: HttpRequest, obj: Message | None = None) -> Any:
        """What came in was not delivered by us."""
        return [each for each in self.fieldsets if obj is None or obj.delivery or each[0] != _("Delivery")]

    def get_inlines(self, request: HttpRequest, obj: Message | None) -> Any:
        """Most have no files."""
        return self.inlines if obj and obj.attachments.exists() else []

    @admin.display(description=_("from"))
    def author(self, message: Message) -> str:
        return message.sender_name or str(message.sender or "")

    @admin.display(description=_("text"))
    def start(self, message: Message) -> str:
        return Truncator(message.text).chars(80) or "–"

    def has_write_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("chats.add_message")

    @admin.action(description=_("Send again"), permissions=["write"])
    def resend(self, request: HttpRequest, queryset: Any) -> None:
        failed = queryset.filter(delivery__in=(Message.Delivery.FAILED, Message.Delivery.UNKNOWN))
        count = sum(services.resend(message) for message in failed.order_by("pk"))
        said = ngettext("%d message goes out again.", "%d messages go out again.", count)
        self.message_user(request, said % count)


@admin.register(Attachment)
class AttachmentAdmin(HistoryAdmin):
    list_display = ["name", "kind", "mime", "size", "message"]
    list_filter = ["kind"]
    search_fields = ["name"]
