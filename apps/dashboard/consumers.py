"""The chat page's websocket. It only tells: what a person writes comes over HTTP, where a resend is harmless."""

import asyncio
import contextlib
import logging
import time
from functools import partial
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs

import redis
from channels.auth import get_user
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.utils import translation

from apps.chats.models import Chat
from apps.dashboard import transcript
from apps.dashboard.live import topic
from apps.dashboard.permissions import may_read
from apps.events.backoff import Backoff
from apps.events.pubsub import async_subscription

logger = logging.getLogger(__name__)

SIGNED_OUT, MAY_NOT_READ, NO_SUCH_GROUP, SAID_SOMETHING, BROKEN = 4401, 4403, 4404, 4413, 1011
QUIET_S = 15.0  # without a publication for so long, the rows are asked anyway
STILL_S = 10.0  # after so long it is asked again whether the person may read, however much there is to tell
SHORTEST_WAIT_S, LONGEST_WAIT_S = 0.2, 5.0
OVERLAP = 20  # drawn again when we begin: their delivery may have changed, a slower commit may lie among them

# Not thread-sensitive: one slow question to the database must not hold up every open page.
in_a_thread = partial(database_sync_to_async, thread_sensitive=False)


class ChatConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """`?seen=` is the newest primary key that the page has; then it is told news, deltas and ticks, as JSON frames."""

    chat: Chat
    viewer = ""
    language = ""
    seen = 0
    asked_at = 0.0
    following: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        await self.accept()  # a close code can be said only after it
        user = self.scope["user"]
        if refused := await in_a_thread(_refused)(user):
            await self.close(refused)
            return
        chat = await in_a_thread(transcript.chat_of)(self.scope["url_route"]["kwargs"]["folder"])
        if chat is None:
            await self.close(NO_SUCH_GROUP)
            return
        self.chat, self.viewer, self.asked_at = chat, transcript.sender_id(user.pk), time.monotonic()
        self.seen, self.language = _asked(self.scope["query_string"])
        self.following = asyncio.create_task(self._follow())

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        await self.close(SAID_SOMETHING)

    async def disconnect(self, code: int) -> None:
        if self.following:
            self.following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.following

    async def _follow(self) -> None:
        try:
            await self._follow_through_outages()
        except Exception:  # the page reconnects and starts afresh
            logger.exception("the page of %s is no longer told anything", self.chat)
            await self.close(BROKEN)

    async def _follow_through_outages(self) -> None:
        backoff = Backoff(SHORTEST_WAIT_S, LONGEST_WAIT_S)
        while True:
            try:
                async with async_subscription(topic(self.chat.pk)) as receive:
                    await receive(QUIET_S)  # Redis says that we are subscribed: nothing that follows can be missed
                    await self._tell_since(overlap=OVERLAP)
                    backoff.reset()
                    while True:
                        publication = await receive(QUIET_S)
                        if await self._was_refused():
                            return
                        await self._pass_on(publication)
            except redis.RedisError as error:
                if not backoff.last:
                    logger.warning("Redis is away; the page of %s lives from the rows: %s", self.chat, error)
            if await self._was_refused():
                return
            await self._tell_since(overlap=0)
            await asyncio.sleep(backoff.next())

    async def _pass_on(self, publication: tuple[str, dict[str, Any]] | None) -> None:
        if publication is None:
            await self._tell_since(overlap=0)
            return
        payload = publication[1]
        match payload.pop("kind", ""):
            case "delta":
                await self.send_json({"type": "delta", **payload})
            case "message":
                await self._tell(await in_a_thread(transcript.news)(**self._for_whom(), only=payload["message"]))
            case "run":
                await self._tell(await in_a_thread(transcript.news)(**self._for_whom()))

    async def _was_refused(self) -> bool:
        """Whether the page was closed because its person has signed out, or may not read any more."""
        if time.monotonic() - self.asked_at < STILL_S:
            return False
        sessions = import_module(settings.SESSION_ENGINE)
        user = await get_user({"session": sessions.SessionStore(self.scope["session"].session_key)})
        if refused := await in_a_thread(_refused)(user):
            await self.close(refused)
            return True
        self.asked_at = time.monotonic()
        return False

    async def _tell_since(self, *, overlap: int) -> None:
        await self._tell(await in_a_thread(transcript.news_since)(**self._for_whom(), seen=self.seen, overlap=overlap))

    async def _tell(self, news: dict[str, Any]) -> None:
        self.seen = max([self.seen, *(message["id"] for message in news.get("messages", []))])
        await self.send_json(news)

    def _for_whom(self) -> dict[str, Any]:
        return {"chat": self.chat, "viewer": self.viewer, "language": self.language}


async def nowhere(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """A websocket that there is not: refused (HTTP 403), where the router would raise for each stranger who tries."""
    await send({"type": "websocket.close", "code": NO_SUCH_GROUP})


def _refused(user: AbstractBaseUser | AnonymousUser) -> int:
    """The code to close with, or 0."""
    if not user.is_authenticated:
        return SIGNED_OUT
    return 0 if may_read(user) else MAY_NOT_READ


def _asked(query: bytes) -> tuple[int, str]:
    """(seen, language); what cannot be read is 0, and the installation's language."""
    asked = {name: values[0] for name, values in parse_qs(query.decode("latin1")).items()}
    seen = asked.get("seen", "")
    language = asked.get("language", "")
    is_key = seen.isascii() and seen.isdigit() and len(seen) < 19
    is_known = language in dict(settings.LANGUAGES) and translation.check_for_language(language)
    return int(seen) if is_key else 0, language if is_known else settings.LANGUAGE_CODE
