"""Waiting for somebody's word, but not for ever: a word may be lost, and whoever is told looks at the rows anyway."""

import asyncio


async def told(event: asyncio.Event, seconds: float) -> bool:
    """Whether it was set within so many seconds; afterwards it can be set anew."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    event.clear()
    return True
