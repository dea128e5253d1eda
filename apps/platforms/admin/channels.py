"""Channels: what is secret is shown by name only; a button asks the platform whether the credentials work."""

import asyncio
import logging
from typing import Any

from asgiref.sync import async_to_sync
from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.chats import platforms, services
from apps.chats.admin.readonly import TakesHistoryAlong
from apps.chats.models import Channel, Message
from apps.chats.models.channel import CredentialError
from apps.platforms.admin.forms import NOTHING, form_for, option_name
from apps.platforms.base import PlatformError
from apps.platforms.registry import SPECS, loaded
from apps.platforms.spec import PlatformSpec
from apps.platforms.webhooks import webhook_url

logger = logging.getLogger(__name__)

CHECK_TIMEOUT = 20.0  # seconds
WAITING = Q(chats__messages__delivery__in=(Message.Delivery.QUEUED, Message.Delivery.SENDING))
STATE = ["status", "status_detail", "last_event_at", "last_error", "last_error_at", "reconnects", "edited_at"]


@admin.register(Channel)
class ChannelAdmin(TakesHistoryAlong):
    about = _(
        "A channel is one account on a platform, such as a bot. Its chats appear by themselves once somebody writes."
    )
    list_display = ["name", "platform", "state", "trouble", "queue", "last_event_at", "reconnects"]
    list_filter = ["platform", "status", "enabled"]
    search_fields = ["name"]
    actions = ["enable", "disable"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Channel]:
        found: QuerySet[Channel] = super().get_queryset(request)
        return found.annotate(waiting=Count("chats__messages", filter=WAITING))

    @admin.display(description=_("waiting"), ordering="waiting")
    def queue(self, channel: Any) -> int:
        return int(channel.waiting)

    @admin.display(description=_("status"), ordering="status")
    def state(self, channel: Channel) -> str:
        return channel.get_status_display() if channel.enabled else gettext("disabled")

    @admin.display(description=_("trouble"))
    def trouble(self, channel: Channel) -> str:
        """What is wrong now, else what was wrong last."""
        if channel.status_detail or not channel.last_error_at:
            return channel.status_detail
        when = date_format(localtime(channel.last_error_at), "SHORT_DATETIME_FORMAT")
        return format_html('<span class="help">{}: {}</span>', when, channel.last_error)

    @admin.display(description=_("Webhook address"))
    def webhook(self, channel: Channel) -> str:
        """To be pasted where the platform asks for it."""
        spec = _spec(channel.platform)
        return webhook_url(channel) if spec and spec.webhook else "–"

    def get_form(self, request: HttpRequest, obj: Channel | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = form_for(_spec(obj.platform if obj else request.GET.get("platform", "")))
        return super().get_form(request, obj, change, **{**kwargs, "form": form})

    def get_fieldsets(self, request: HttpRequest, obj: Channel | None = None) -> Any:
        spec = _spec(obj.platform if obj else request.GET.get("platform", "")) or NOTHING
        options = [option_name(option) for option in spec.options]
        shown = ["webhook"] if obj and spec.webhook else []
        return [
            (None, {"fields": ["platform", "name", "enabled", "credentials", *options, *shown]}),
            (_("Further options"), {"fields": ["options"], "classes": ["collapse"]}),
            *([(_("State"), {"fields": STATE})] if obj else []),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Channel | None = None) -> list[str]:
        """A channel stays what it is: its chats are known by ids of that platform."""
        return [*STATE, "webhook", *(["platform"] if obj else [])]

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """A form asks for one platform's values: they are no other's."""
        chosen = request.GET.get("platform", "")
        if db_field.name == "platform" and _spec(chosen):
            kwargs["choices"] = [(chosen, SPECS[chosen].label)]
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"platform": request.GET.get("platform", "")}

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """First the platform, then its form."""
        if request.method == "GET" and not _spec(request.GET.get("platform", "")) and self.has_add_permission(request):
            offered = [(name, spec.label) for name, spec in SPECS.items() if name != platforms.WEB]
            context = {**self.admin_site.each_context(request), "platforms": offered, "title": _("Add a channel")}
            return render(request, "admin/chats/platforms.html", {**context, "opts": self.opts})
        return super().add_view(request, form_url, extra_context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        channel = Channel.objects.filter(pk=object_id).first() if object_id.isdigit() else None
        spec = _spec(channel.platform) if channel else None
        testable = {"can_be_tested": bool(spec and spec.check)}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **testable})

    def get_urls(self) -> list[URLPattern]:
        own = path("<int:pk>/test/", self.admin_site.admin_view(self.test), name="chats_channel_test")
        return [own, *super().get_urls()]

    def test(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Asks the platform whether what is stored works; says what it answered."""
        channel = get_object_or_404(Channel, pk=pk)
        if request.method != "POST" or not self.has_change_permission(request, channel):
            return HttpResponseNotAllowed(["POST"])
        worked, sentence = checked(channel)
        self.message_user(request, sentence, messages.SUCCESS if worked else messages.ERROR)
        return redirect("admin:chats_channel_change", pk)

    def save_model(self, request: HttpRequest, obj: Channel, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        services.channel_edited(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Channel | None = None) -> bool:
        """The chat page's channel stays: with it, everything that was said on the page would go."""
        is_page = obj is not None and obj.platform == platforms.WEB
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


def checked(channel: Channel) -> tuple[bool, str]:
    """Whether the credentials work, and a sentence about it."""
    spec = _spec(channel.platform)
    if spec is None or not spec.check:
        return False, str(_("This platform cannot be tested."))
    try:
        return True, async_to_sync(_bounded)(loaded(spec.check), channel)
    except (PlatformError, CredentialError) as error:
        return False, str(error)
    except TimeoutError:
        return False, str(_("The platform did not answer in time."))
    except Exception as error:
        # A check's mistake is told like any other answer.
        logger.exception("%s could not be tested", channel)
        return False, _("An unexpected error (%s); see the log.") % type(error).__name__


async def _bounded(check: Any, channel: Channel) -> str:
    async with asyncio.timeout(CHECK_TIMEOUT):
        return str(await check(channel))


def _spec(platform: str) -> PlatformSpec | None:
    return SPECS.get(platform)
