"""How late the event loop comes to its work: whatever computes or blocks in it delays every channel at once."""

import asyncio
import logging
import statistics

from django.conf import settings

logger = logging.getLogger(__name__)

STEP = 0.1  # seconds between looks
LATE = 1.0  # seconds that somebody should hear of


async def watch() -> None:
    """Says at once when the loop was held up for long, and from time to time how late it is; never returns."""
    clock = asyncio.get_running_loop().time
    while True:
        late: list[float] = []
        end = clock() + settings.CHANNEL_LATENESS_REPORT
        while clock() < end or len(late) < 2:
            due = clock() + STEP
            await asyncio.sleep(STEP)
            late.append(max(0.0, clock() - due))
            if late[-1] > LATE:
                logger.warning("the event loop was held up for %.1f s: every channel waited", late[-1])
        logger.info("the event loop's lateness: %s", summary(late))


def summary(late: list[float]) -> str:
    """Of seconds, at least two."""
    ordered = statistics.quantiles(late, n=100, method="inclusive")
    return f"median {ordered[49] * 1000:.1f} ms, p99 {ordered[98] * 1000:.1f} ms, at most {max(late) * 1000:.1f} ms"
