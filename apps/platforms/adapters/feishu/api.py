"""Calls Feishu's OpenAPI over httpx.

Not over the SDK: its asynchronous calls fetch the tenant's token with blocking requests, keep it for the whole
process, and go on with it when the platform refuses it; and the web process must not pay for its import.
"""

from collections.abc import Mapping
from typing import Any, Self

import httpx
from django.utils.translation import gettext as _

from apps.chats.models import Channel
from apps.platforms import error_messages
from apps.platforms.adapter_kit.access_token import Token
from apps.platforms.adapters.feishu import errors
from apps.platforms.base import PlatformError

FEISHU = "https://open.feishu.cn"
TOKEN_PATH = "/open-apis/auth/v3/tenant_access_token/internal"  # noqa: S105 - an address
ENDPOINT_PATH = "/callback/ws/endpoint"
TIMEOUT = httpx.Timeout(20, connect=10)
SHORTEST_LIFE = 60.0  # seconds a token is used for at least, whatever is said of it

Json = dict[str, Any]


class OpenApi:
    """One app's way to the API; an asynchronous context manager."""

    def __init__(self, channel: Channel) -> None:
        """Raises CredentialError."""
        self.app_id = channel.credential("app_id")
        self.base = str(channel.option("api_base") or FEISHU).rstrip("/")
        self._secret = channel.credential("app_secret")
        self._token = Token(self._lend_token)
        self._client = httpx.AsyncClient(timeout=TIMEOUT)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._client.aclose()

    async def token(self) -> str:
        """Raises PlatformError: permanent when the app's ID or secret is wrong."""
        return await self._token.get()

    async def call(self, method: str, path: str, **content: Any) -> Json:
        """The whole answer, whose code is 0; `content` as httpx takes it. A token that was refused is renewed once."""
        token = await self.token()
        try:
            return await self._ask(method, f"/open-apis{path}", token=token, **content)
        except errors.RefusedError as error:
            if error.code not in errors.TOKEN_REFUSED:
                raise
        self._token.forget(token)
        return await self._ask(method, f"/open-apis{path}", token=await self.token(), **content)

    async def bot(self) -> Mapping[str, str]:
        """Who we are: `id` and `name`."""
        bot = (await self.call("GET", "/bot/v3/info")).get("bot")
        if not isinstance(bot, dict) or not isinstance(bot.get("open_id"), str):
            raise PlatformError(error_messages.not_its_api("Feishu"))
        return {"id": bot["open_id"], "name": str(bot.get("app_name") or "")}

    async def endpoint(self) -> Json:
        """Where the long connection leads: `URL`, good for one connection, and `ClientConfig`."""
        answer = await self._ask("POST", ENDPOINT_PATH, json={"AppID": self.app_id, "AppSecret": self._secret})
        data = answer.get("data")
        if not isinstance(data, dict) or not str(data.get("URL")).startswith(("ws://", "wss://")):
            raise PlatformError(error_messages.not_its_api("Feishu"))
        return data

    async def _lend_token(self) -> tuple[str, float]:
        answer = await self._ask("POST", TOKEN_PATH, json={"app_id": self.app_id, "app_secret": self._secret})
        token, seconds = answer.get("tenant_access_token"), answer.get("expire")
        if not isinstance(token, str) or not token or not isinstance(seconds, int | float):
            raise PlatformError(error_messages.not_its_api("Feishu"))
        return token, max(float(seconds), SHORTEST_LIFE)

    async def _ask(self, method: str, path: str, *, token: str = "", **content: Any) -> Json:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            response = await self._client.request(method, f"{self.base}{path}", headers=headers, **content)
        except httpx.HTTPError as error:
            raise errors.unreachable(error) from None
        except httpx.InvalidURL:
            raise PlatformError(_("The API base is no address."), permanent=True) from None
        return self._understood(response, token)

    def _understood(self, response: httpx.Response, token: str) -> Json:
        try:
            answer = response.json()
            code = answer["code"]
        except (ValueError, KeyError, TypeError, RecursionError):
            answer, code = {}, None
        if isinstance(code, int) and code != 0:
            words = str(answer.get("msg") or "without a word").replace(self._secret, "***")
            words = words.replace(token, "***") if token else words
            raise errors.refusal(code, words, status=response.status_code, headers=response.headers)
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise errors.refusal(0, "", status=response.status_code, headers=response.headers)
        if code != 0 or not response.is_success:
            status = response.status_code
            raise PlatformError(error_messages.not_understood("Feishu", str(status)), ambiguous=True)
        return dict(answer)
