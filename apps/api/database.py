"""The border between the event loop and the database."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

from channels.db import database_sync_to_async

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """In the request's own thread; its connection is given back afterwards, however long the request goes on."""
    return cast(T, await database_sync_to_async(function)(*args, **kwargs))
