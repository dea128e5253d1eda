"""Looks up what Feishu's events leave out: people's names, chats' titles, and whose message was answered."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from apps.chats.inbound import InboundMessage
from apps.chats.models import Chat
from apps.platforms.adapters.feishu import content
from apps.platforms.adapters.feishu.api import OpenApi
from apps.platforms.adapters.feishu.errors import NO_PERMISSION, RefusedError
from apps.platforms.adapters.feishu.payloads import Me
from apps.platforms.base import PayloadError, PlatformError

logger = logging.getLogger(__name__)

WAIT = 1.5  # seconds for all questions about one message: Feishu delivers again after three
QUIET = 60.0  # seconds without a question of a kind that failed
REMEMBERED = 6 * 3600.0  # seconds after which a name is asked for again
MOST = 5000  # names


class Names:
    """Nothing depends on an answer: what nobody tells stays empty."""

    def __init__(self, api: OpenApi) -> None:
        self._api = api
        self._known: dict[str, tuple[float, str]] = {}  # until when, and the name
        self._quiet: dict[str, float] = {}

    async def complete(self, message: InboundMessage, me: Me) -> InboundMessage:
        nothing = message, "", ""
        try:
            async with asyncio.timeout(WAIT):
                message, name, title = await asyncio.gather(
                    self._quoted(message, me), self._sender(message), self._title(message)
                )
        except TimeoutError:
            logger.info("what Feishu knows of a message comes too slowly; it is taken without")
            self._quiet = dict.fromkeys(("users", "chats", "messages"), time.monotonic() + QUIET)
            message, name, title = nothing
        return replace(message, sender_name=name, chat_title=title or (name if _is_direct(message) else ""))

    async def _sender(self, message: InboundMessage) -> str:
        if message.from_bot:
            return ""
        return await self._remembered("users", message.sender_id, lambda: self.person(message.sender_id))

    async def person(self, open_id: str) -> str:
        """Asked at once; raises PlatformError."""
        path = f"/contact/v3/users/{_path(open_id)}"
        answer = await self._api.call("GET", path, params={"user_id_type": "open_id"})
        return content.word(_object(_object(answer, "data"), "user"), "name")

    async def _title(self, message: InboundMessage) -> str:
        if _is_direct(message):
            return ""

        async def ask() -> str:
            answer = await self._api.call("GET", f"/im/v1/chats/{_path(message.chat_id)}")
            return content.word(_object(answer, "data"), "name")

        return await self._remembered("chats", message.chat_id, ask)

    async def _quoted(self, message: InboundMessage, me: Me) -> InboundMessage:
        """With the words that are answered; an answer to the bot calls it."""
        if not message.reply_to:
            return message
        answer = await self._asked("messages", lambda: self._api.call("GET", f"/im/v1/messages/{message.reply_to}"), {})
        items = _object(answer, "data").get("items")
        quoted = items[0] if isinstance(items, list) and items and isinstance(items[0], dict) else {}
        author = content.word(_object(quoted, "sender"), "id")
        is_ours = bool(author) and author in (me.app_id, me.open_id)
        return replace(
            message,
            quoted_text=_quoted_text(
                content.word(quoted, "msg_type"), content.word(_object(quoted, "body"), "content")
            ),
            quoted_sender=self._known.get(author, (0.0, ""))[1],
            mentions_bot=message.mentions_bot or is_ours,
        )

    async def _remembered(self, kind: str, key: str, ask: Callable[[], Awaitable[str]]) -> str:
        until, name = self._known.get(key, (0.0, ""))
        if time.monotonic() < until:
            return name
        found = await self._asked(kind, ask, "")
        if found:
            self._known.pop(key, None)
            self._known[key] = (time.monotonic() + REMEMBERED, found)
            if len(self._known) > MOST:
                del self._known[next(iter(self._known))]
        return found or name

    async def _asked(self, kind: str, ask: Callable[[], Awaitable[Any]], fallback: Any) -> Any:
        """A kind of question that Feishu does not answer (most often: a permission is missing) rests for a while."""
        if time.monotonic() < self._quiet.get(kind, 0.0):
            return fallback
        try:
            return await ask()
        except PlatformError as error:
            logger.info("Feishu does not tell of %s: %s", kind, error)
            if kind != "messages" or not isinstance(error, RefusedError) or error.code in NO_PERMISSION:
                self._quiet[kind] = time.monotonic() + QUIET  # a message that is gone says nothing of the others
            return fallback


def _is_direct(message: InboundMessage) -> bool:
    return message.chat_kind == Chat.Kind.DIRECT


def _path(given: str) -> str:
    return quote(given, safe="")


def _object(given: dict[str, Any], key: str) -> dict[str, Any]:
    found = given.get(key)
    return found if isinstance(found, dict) else {}


def _quoted_text(message_type: str, given: str) -> str:
    try:
        return content.read(message_type, given, {}).text if given else ""
    except PayloadError:
        return ""
