"""Looks up what QQ's events leave out: the names of groups."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from apps.platforms.adapters.qq import payloads
from apps.platforms.adapters.qq.api import Json
from apps.platforms.base import PlatformError

logger = logging.getLogger(__name__)

MOST_TITLES = 5000


class Titles:
    """Each group's is asked for once; nothing depends on the answer."""

    def __init__(self, look_up: Callable[..., Awaitable[Json]]) -> None:
        """`look_up`: an action and its parameters; raises PlatformError."""
        self._look_up = look_up
        self._asked: dict[int, asyncio.Task[str]] = {}

    async def of(self, event: Json) -> str:
        """Raises PayloadError. Empty for a direct message, and where nobody tells."""
        group = payloads.group_of(event)
        if not group or payloads.title_of(event):
            return payloads.title_of(event)
        if group not in self._asked:
            if len(self._asked) >= MOST_TITLES:
                self._asked.clear()
            self._asked[group] = asyncio.create_task(self._ask(group), name=f"title of group {group}")
        return await self._asked[group]

    async def _ask(self, group: int) -> str:
        try:
            return str((await self._look_up("get_group_info", group_id=group)).get("group_name") or "")
        except PlatformError as error:
            logger.info("the name of a group is not to be had: %s", error)
            return ""
