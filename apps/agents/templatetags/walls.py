"""The panel on a group's page; a template joins the two, so that chats need not know of agents."""

import logging
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYetError
from typing import Any

from django import template
from django.utils import translation
from django.utils.translation import gettext as _

from apps.agents.errors import RuntimeAwayError
from apps.agents.sandbox.container_summary import Facts, facts
from apps.agents.sandbox.engine import ENGINE_ERRORS
from apps.agents.sandbox.selection import chosen_runtime
from apps.chats.models import Group

logger = logging.getLogger(__name__)
register = template.Library()

PATIENCE = 5.0  # seconds: a page must open whatever the engine does
_askers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="container facts")


@register.inclusion_tag("admin/chats/group/_container.html")
def container_panel(group: Group | None) -> dict[str, Any]:
    """Nothing for a group that is only being made."""
    if group is None or chosen_runtime().name != "docker":
        return {"group": group, "why_not": _("Agents run without a container here, and without tools of their own.")}
    try:
        language = translation.get_language() or "en"
        return {"group": group, "facts": _askers.submit(_in_language, language, group).result(PATIENCE)}
    except NotYetError:
        return {"group": group, "why_not": _("The Docker engine does not answer.")}
    except (RuntimeAwayError, *ENGINE_ERRORS) as error:
        logger.warning("what the container of %s gets cannot be shown: %s", group.folder, error)
        return {"group": group, "why_not": _("No Docker engine answers.")}


def _in_language(language: str, group: Group) -> Facts:
    with translation.override(language):
        return facts(group)
