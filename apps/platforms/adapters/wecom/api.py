"""Calls WeCom's API: the token is renewed early, once for all, and errors are found in answers that look well."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, Self

import httpx
from django.utils.translation import gettext as _

from apps.chats.models import Channel
from apps.platforms import error_messages
from apps.platforms.adapter_kit.access_token import Token
from apps.platforms.adapters.wecom.errors import STALE_TOKEN, WeComError, refusal, unreachable
from apps.platforms.base import PlatformError

API = "https://qyapi.weixin.qq.com"
TIMEOUT = httpx.Timeout(20, connect=10)


def base_of(channel: Channel) -> str:
    return str(channel.option("api_base") or API).rstrip("/")


class Client:
    """One app's. Everything raises PlatformError."""

    def __init__(self, channel: Channel) -> None:
        self._corp_id = channel.credential("corp_id")
        self._secret = channel.credential("secret")
        self._http = httpx.AsyncClient(base_url=f"{base_of(channel)}/cgi-bin/", timeout=TIMEOUT)
        self._token = Token(self._fetch_token)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_raised: object) -> None:
        await self.close()

    async def get(self, path: str, **query: str) -> Mapping[str, Any]:
        return await self._call("GET", path, query)

    async def post(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return await self._call("POST", path, {}, json=body)

    async def upload(self, kind: str, name: str, content: bytes, mime: str) -> str:
        """The media's id, good for three days."""
        answer = await self._call("POST", "media/upload", {"type": kind}, files={"media": (name, content, mime)})
        return str(answer.get("media_id", ""))

    async def media(self, media_id: str) -> AsyncGenerator[bytes, None]:
        """A token that is no good any more is renewed, once: nothing has been read by then."""
        for again in (True, False):
            token = await self._token.get()
            try:
                async with aclosing(self._stream(media_id, token)) as chunks:
                    async for chunk in chunks:
                        yield chunk
                return
            except WeComError as error:
                if error.code not in STALE_TOKEN or not again:
                    raise
                self._token.forget(token)

    async def _stream(self, media_id: str, token: str) -> AsyncGenerator[bytes, None]:
        query = {"access_token": token, "media_id": media_id}
        try:
            async with self._http.stream("GET", "media/get", params=query) as response:
                if "json" in response.headers.get("content-type", "") or response.is_error:
                    await response.aread()
                    answered(response)
                    raise PlatformError(_("WeCom did not send the file."))
                async for chunk in response.aiter_bytes():
                    yield chunk
        except httpx.HTTPError as error:
            raise unreachable(error) from None

    async def close(self) -> None:
        await self._http.aclose()

    async def _call(self, method: str, path: str, query: Mapping[str, str], **content: Any) -> Mapping[str, Any]:
        """A token that is no good any more is renewed, once."""
        token = await self._token.get()
        try:
            return await self._ask(method, path, {**query, "access_token": token}, **content)
        except WeComError as error:
            if error.code not in STALE_TOKEN:
                raise
        self._token.forget(token)
        return await self._ask(method, path, {**query, "access_token": await self._token.get()}, **content)

    async def _ask(self, method: str, path: str, query: Mapping[str, str], **content: Any) -> Mapping[str, Any]:
        try:
            return answered(await self._http.request(method, path, params=query, **content))
        except httpx.HTTPError as error:
            raise unreachable(error) from None

    async def _fetch_token(self) -> tuple[str, float]:
        answer = await self._ask("GET", "gettoken", {"corpid": self._corp_id, "corpsecret": self._secret})
        token, seconds = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not token or not isinstance(seconds, int):
            raise PlatformError(error_messages.not_its_api("WeCom"))
        return token, float(seconds)


def answered(response: httpx.Response) -> Mapping[str, Any]:
    """What it says, if it says no error; raises PlatformError."""
    if response.is_server_error:
        raise PlatformError(error_messages.trouble_of_status("WeCom", response.status_code))
    try:
        answer = response.json()
        code = int(answer.get("errcode", 0))
    except (ValueError, TypeError, AttributeError, OverflowError):
        raise PlatformError(error_messages.not_its_api("WeCom"), ambiguous=True) from None
    if code:
        raise refusal(code, str(answer.get("errmsg", "")))
    if response.is_error:
        raise PlatformError(error_messages.refused("WeCom", f"{response.status_code}."), permanent=True)
    return dict(answer)
