"""What a person does at the operator's desk."""

from typing import Any

from django.test import Client

from apps.chats.models import Channel

SECRET = "123456:VERY-SECRET-TOKEN"


def channel_form(**more: Any) -> dict[str, Any]:
    return {"name": "Bot", "enabled": "on", "options": "{}"} | more


def telegram_bot() -> Channel:
    return Channel.objects.create(platform="telegram", name="Bot", credentials={"token": SECRET, "extra": "x-y-z-1"})


def change(browser_of: Client, channel: Channel, **more: Any) -> Any:
    response = browser_of.post(f"/admin/chats/channel/{channel.pk}/change/", channel_form(**more))
    channel.refresh_from_db()
    return response


def group_form(**more: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "name": "Work",
        "folder": "work",
        "assistant_name": "Andy",
        "engage": "mention",
        "unaddressed": "remember",
        "sender_policy": "open",
    }
    fields |= {"session_scope": "group", "timezone": "UTC", "memory_mb": 1024, "cpus": 1, "pids": 256}
    fields |= {"disk_quota_mb": 2048, "network": "sealed"}
    return fields | more


def act(browser: Client, page: str, action: str, *rows: Any, **more: Any) -> Any:
    """What the admin answers to an action on chosen rows of a list, such as `chats/chat`."""
    fields = {"action": action, "_selected_action": [row.pk for row in rows]} | more
    return browser.post(f"/admin/{page}/", fields, follow=True)


def told_after(browser: Client, model: str, action: str, row: Any, **more: Any) -> str:
    """The same for one row of the app, and what the page says then."""
    return str(act(browser, f"chats/{model}", action, row, **more).text)
