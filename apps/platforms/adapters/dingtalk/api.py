"""Calls DingTalk's OpenAPI by httpx, with time-outs, and looks at its errors: the SDK does neither."""

from typing import Any

import httpx
from django.utils.translation import gettext as _

from apps.chats.models import Channel
from apps.platforms import error_messages
from apps.platforms.adapter_kit.access_token import Token
from apps.platforms.adapters.dingtalk.errors import WRONG_SECRET, refused, unreachable
from apps.platforms.base import PlatformError

API = "https://api.dingtalk.com"
OLD_API = "https://oapi.dingtalk.com"  # uploads are still there only
TIMEOUT = httpx.Timeout(15, connect=10)
UPLOAD_TIMEOUT = 45.0

Json = dict[str, Any]


class OpenApi:
    """Raises CredentialError when made; everything else raises PlatformError."""

    def __init__(self, channel: Channel) -> None:
        self.client_id = channel.credential("client_id")
        self._secret = channel.credential("client_secret")
        self.robot_code = channel.credential("robot_code") if channel.credentials.get("robot_code") else self.client_id
        own = str(channel.option("api_base") or "").rstrip("/")
        self.base, self._old_base = own or API, own or OLD_API
        self._http = httpx.AsyncClient(timeout=TIMEOUT)
        self._token = Token(self._fetch)

    async def open_connection(self, request: Json) -> Json:
        """The address and the ticket of a new stream."""
        secrets = {"clientId": self.client_id, "clientSecret": self._secret}
        return await self._with_secret("/v1.0/gateway/connections/open", {**secrets, **request})

    async def token(self) -> str:
        return await self._token.get()

    async def call(self, path: str, body: Json, *, method: str = "POST") -> Json:
        """With an access token; one that is no good any more is replaced once."""
        for last in (False, True):
            token = await self.token()
            headers = {"x-acs-dingtalk-access-token": token}
            response = await self._ask(method, f"{self.base}{path}", json=body, headers=headers)
            if response.status_code != 401 or last:
                return _taken(response)
            self._token.forget(token)
        raise AssertionError  # never: the last attempt returns or raises

    async def upload(self, kind: str, name: str, content: bytes) -> str:
        """The media id; DingTalk wants the token in the address here."""
        response = await self.post(
            f"{self._old_base}/media/upload",
            params={"access_token": await self.token(), "type": kind},
            files={"media": (name, content)},
            timeout=UPLOAD_TIMEOUT,
        )
        answer = _taken(response)
        if answer.get("errcode") or not answer.get("media_id"):
            words = str(answer.get("errmsg") or _("no reason given"))[:200]
            reason = f"{words} ({answer.get('errcode')})."
            raise PlatformError(error_messages.refused("DingTalk", reason), permanent=True)
        return str(answer["media_id"])

    async def post(self, url: str, **request: Any) -> httpx.Response:
        return await self._ask("POST", url, **request)

    async def _ask(self, method: str, url: str, **request: Any) -> httpx.Response:
        try:
            return await self._http.request(method, url, **request)
        except httpx.HTTPError as error:  # its own words may hold a session or a token
            raise unreachable(error) from None
        except httpx.InvalidURL:
            raise PlatformError(_("An address of DingTalk is not one."), permanent=True) from None

    async def close(self) -> None:
        await self._http.aclose()

    async def _fetch(self) -> tuple[str, float]:
        answer = await self._with_secret(
            "/v1.0/oauth2/accessToken", {"appKey": self.client_id, "appSecret": self._secret}
        )
        token, seconds = answer.get("accessToken"), answer.get("expireIn")
        if not isinstance(token, str) or not token or not isinstance(seconds, int | float):
            raise PlatformError(error_messages.not_its_api("DingTalk"))
        return token, float(seconds)

    async def _with_secret(self, path: str, body: Json) -> Json:
        response = await self.post(f"{self.base}{path}", json=body)
        try:
            return _taken(response)
        except PlatformError as error:
            if error.permanent:
                raise PlatformError(f"{_(WRONG_SECRET)} {error}", permanent=True) from None
            raise


def _taken(response: httpx.Response) -> Json:
    answer = parsed(response)
    if response.is_success:
        return answer
    raise refused(response, answer)


def parsed(response: httpx.Response) -> Json:
    try:
        answer = response.json()
    except (ValueError, RecursionError):
        answer = None
    if isinstance(answer, dict):
        return answer
    if response.is_success:
        raise PlatformError(error_messages.not_its_api("DingTalk"), ambiguous=True)
    return {}
