"""HTTP and websockets; other sites' pages may not open a websocket here."""

import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nanogridbot.settings")

http = get_asgi_application()  # sets Django up; what imports models comes after it

from apps.dashboard.origins import same_site_only  # noqa: E402
from apps.dashboard.urls import websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter(
    {"http": http, "websocket": same_site_only(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))}
)
