"""A websocket carries the login cookie wherever it is opened from: only our own pages may open one."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host

Application = Callable[[dict[str, Any], Any, Any], Awaitable[Any]]


def same_site_only(application: Application) -> Application:
    """Refuses (HTTP 403) a websocket whose Origin is missing or is neither the host it asks for nor BASE_URL."""

    async def guarded(scope: dict[str, Any], receive: Any, send: Any) -> Any:
        if is_same_site(dict(scope["headers"])):
            return await application(scope, receive, send)
        return await send({"type": "websocket.close", "code": 4403})

    return guarded


def is_same_site(headers: dict[bytes, bytes]) -> bool:
    origin = headers.get(b"origin", b"").decode("latin1").lower()
    if not origin:
        return False
    if origin in (own.lower() for own in settings.CSRF_TRUSTED_ORIGINS):
        return True
    host = headers.get(b"host", b"").decode("latin1").lower()
    allowed = validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS)
    return allowed and origin in (f"http://{host}", f"https://{host}") and urlsplit(origin).netloc == host
