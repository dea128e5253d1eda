"""Gives discord.py's REST client an address of its own.

The library keeps Discord's addresses in class variables of the whole process; here each channel has its own.
"""

from typing import Any

import aiohttp
from discord.http import INTERNAL_API_VERSION, HTTPClient, Route

API = "https://discord.com"
LONGEST_WAIT = 30.0  # seconds for which the library may wait by itself when Discord limits the rate
TIMEOUT = aiohttp.ClientTimeout(total=50, sock_connect=10, sock_read=20)


class Rest(HTTPClient):
    """Every request goes to the given server, and has a time-out."""

    def __init__(self, base: str, **options: Any) -> None:
        super().__init__(**options)
        self._base = f"{base}/api/v{INTERNAL_API_VERSION}"

    async def request(self, route: Route, **options: Any) -> Any:
        route.url = self._base + route.url.removeprefix(Route.BASE)
        return await super().request(route, timeout=TIMEOUT, **options)
