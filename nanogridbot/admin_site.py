"""The admin's first page and side bar: what an operator looks for first, without what nobody edits by hand."""

from typing import Any

from django.contrib.admin.apps import AdminConfig
from django.contrib.admin.sites import AdminSite
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

APPS = ["chats", "agents", "schedules", "api", "auth"]
MODELS = [
    *("chats.group", "chats.channel", "chats.chat", "chats.sender", "chats.pairing", "chats.message"),
    *("agents.run", "agents.question", "agents.session"),
    *("agents.modelprovider", "agents.installationbudget", "agents.runusage"),
    *("schedules.scheduledtask", "schedules.taskrun"),
]
# Shown on the pages of what they belong to: a message's files, a run's steps, a user's permissions.
ELSEWHERE = {"chats.attachment", "agents.runstep", "auth.group"}
# The timetable's own tables, which saving a scheduled task writes; an edit by hand would be overwritten.
MACHINERY = {"django_celery_beat"}


class Desk(AdminSite):
    index_title = _("Admin")
    site_url = None  # the pages stand in the header
    empty_value_display = "–"

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Everything keeps its address; the order is ours."""
        apps = super().get_app_list(request, app_label)
        if app_label is None:
            apps = [app for app in apps if app["app_label"] not in MACHINERY]
        for app in apps:
            app["models"] = sorted((each for each in app["models"] if _label(each) not in ELSEWHERE), key=_place)
        return sorted(apps, key=lambda app: _index(APPS, app["app_label"]))


class DeskConfig(AdminConfig):
    default_site = "nanogridbot.admin_site.Desk"


def _label(model: dict[str, Any]) -> str:
    return str(model["model"]._meta.label_lower)


def _place(model: dict[str, Any]) -> int:
    return _index(MODELS, _label(model))


def _index(names: list[str], name: str) -> int:
    """What is not named comes last, in its own order."""
    return names.index(name) if name in names else len(names)
