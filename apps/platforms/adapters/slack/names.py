"""Looks up names of people and titles of channels: asked once, kept for an hour, never waited for long."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from apps.platforms.adapters.slack.payloads import Names
from apps.platforms.adapters.slack.sdk_errors import translated_errors
from apps.platforms.base import PlatformError

logger = logging.getLogger(__name__)

PATIENCE = 1.5  # seconds, of the three within which Slack wants its acknowledgement
KEPT = 3600.0  # seconds
UNKNOWN_KEPT = 60.0  # seconds after which what could not be found is asked for again
MOST = 2000

Ask = Callable[[str], Awaitable[str]]


class Directory:
    """One workspace's; an unknown name is left out, and nothing depends on it."""

    def __init__(self, web: AsyncWebClient) -> None:
        self._web = web
        self._people: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._chats: OrderedDict[str, tuple[str, float]] = OrderedDict()

    async def names(self, people: Iterable[str], chats: Iterable[str]) -> Names:
        wanted_people, wanted_chats = set(people), set(chats)
        asking = [
            *(self._fill(self._people, each, self._person) for each in wanted_people),
            *(self._fill(self._chats, each, self._chat) for each in wanted_chats),
        ]
        await asyncio.gather(*asking)
        return Names(_known(self._people, wanted_people), _known(self._chats, wanted_chats))

    async def _fill(self, cache: OrderedDict[str, tuple[str, float]], key: str, ask: Ask) -> None:
        now = time.monotonic()
        if cache.get(key, ("", 0.0))[1] > now:
            return
        name, keep = cache.get(key, ("", 0.0))[0], UNKNOWN_KEPT
        try:
            async with asyncio.timeout(PATIENCE):
                with translated_errors():
                    name, keep = await ask(key), KEPT
        except (PlatformError, TimeoutError) as error:
            logger.info("the name of %s is not known: %s", key, str(error) or "no answer in time")
        cache[key] = (name, now + keep)
        cache.move_to_end(key)
        while len(cache) > MOST:
            cache.popitem(last=False)

    async def _person(self, user_id: str) -> str:
        user: Mapping[str, Any] = (await self._web.users_info(user=user_id))["user"]
        profile = user.get("profile") or {}
        found = [profile.get("display_name"), profile.get("real_name"), user.get("real_name"), user.get("name")]
        return next((name for name in found if isinstance(name, str) and name), "")

    async def _chat(self, chat_id: str) -> str:
        name = (await self._web.conversations_info(channel=chat_id))["channel"].get("name")
        return name if isinstance(name, str) else ""


def _known(cache: Mapping[str, tuple[str, float]], wanted: Iterable[str]) -> dict[str, str]:
    return {key: cache[key][0] for key in wanted if key in cache and cache[key][0]}
