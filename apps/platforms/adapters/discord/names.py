"""Looks up what the ids in a message stand for: asked once, kept until Discord says that it changed."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from discord.http import HTTPClient

from apps.platforms.adapters.discord.payloads import Place
from apps.platforms.adapters.discord.sdk_errors import translated_errors
from apps.platforms.base import PlatformError

THREADS = (10, 11, 12)  # "Channel types": of news, public, private
MOST_KNOWN = 5000

Json = Mapping[str, Any]


class Directory:
    """Channels, threads and servers by id."""

    def __init__(self, http: HTTPClient, token: str) -> None:
        self._http = http
        self._token = token
        self._known: OrderedDict[str, Json] = OrderedDict()

    def forget(self, data: Any) -> None:
        """An event says that this channel, thread, server or role is not what it was."""
        if isinstance(data, dict):
            self._known.pop(str(data.get("id")), None)
            self._known.pop(str(data.get("guild_id")), None)

    async def place(self, channel_id: str, guild_id: str, bot_id: str) -> Place:
        """A thread belongs to the chat of its parent. Raises PlatformError when Discord does not answer."""
        if not guild_id:
            return Place(channel_id)
        channel = await self._about(channel_id, self._http.get_channel)
        guild = await self._about(guild_id, self._guild)
        parent = channel.get("parent_id") if channel.get("type") in THREADS else None
        if parent:
            channel = await self._about(str(parent), self._http.get_channel)
        roles = [role for role in guild.get("roles", ()) if isinstance(role, dict)]
        return Place(
            chat_id=str(parent or channel_id),
            thread_id=channel_id if parent else "",
            title=" ".join(filter(None, (guild.get("name"), f"#{channel['name']}" if channel.get("name") else ""))),
            roles={str(role.get("id")): str(role.get("name")) for role in roles},
            mine=frozenset(str(role["id"]) for role in roles if (role.get("tags") or {}).get("bot_id") == bot_id),
        )

    def _guild(self, guild_id: int) -> Awaitable[Any]:
        return self._http.get_guild(guild_id, with_counts=False)

    async def _about(self, its_id: str, ask: Callable[[int], Awaitable[Any]]) -> Json:
        """Empty for what we may not see."""
        if its_id not in self._known:
            self._known[its_id] = await self._asked(int(its_id), ask)
        self._known.move_to_end(its_id)
        while len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        return self._known[its_id]

    async def _asked(self, its_id: int, ask: Callable[[int], Awaitable[Any]]) -> Json:
        try:
            with translated_errors(self._token):
                answer = await ask(its_id)
        except PlatformError as error:
            if error.permanent:
                return {}
            raise
        return answer if isinstance(answer, dict) else {}
