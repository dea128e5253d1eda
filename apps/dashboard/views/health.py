"""For whoever watches the service from outside: status words and reasons, no secrets, no login."""

import logging
from typing import Any

from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache

from apps.chats.models import Channel
from apps.dashboard.service_status import listeners, serving

logger = logging.getLogger(__name__)

UP, DOWN, UNKNOWN = "up", "down", "unknown"


@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """200, or 503 with the names of what is `down`."""
    channels, listening = _channels(), listeners()
    report: dict[str, Any] = {
        "database": DOWN if channels is None else UP,
        "broker": DOWN if listening is None else UP,
        "listeners": DOWN if listening == 0 else UP if listening else UNKNOWN,
        "channels": channels or {},
    }
    down = [name for name in ("database", "broker", "listeners") if report[name] == DOWN]
    if channels and Channel.Status.ONLINE not in channels.values():
        down.append("channels")
    now = serving()
    report["agent"] = {"name": now.agent.name, "why": now.agent.why}
    report["runtime"] = {"name": now.runtime.name, "why": now.runtime.trouble or now.runtime.why}
    if now.runtime.trouble:
        down.append("runtime")
    status = {"status": "not ready" if down else "ready", "down": down}
    return JsonResponse(status | report, status=503 if down else 200)


def _channels() -> dict[str, str] | None:
    """The status of each enabled channel; None when the database does not answer."""
    try:
        connection.ensure_connection()
        return dict(Channel.objects.filter(enabled=True).values_list("name", "status"))
    except Error as error:
        logger.warning("not ready, the database does not answer: %s", error)
        return None
