"""HTTP and websockets; other sites' pages may not open a websocket here."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nanogridbot.settings")

application = get_asgi_application()
