"""A loop that somebody holds up says so, and how late it is as a rule."""

import asyncio
import re
import time

from apps.platforms.listeners import loop_lag
from apps.platforms.listeners.loop_lag import watch


def watched(settings, *, block: float) -> None:
    settings.CHANNEL_LATENESS_REPORT = 0.3

    async def story():
        watching = asyncio.create_task(watch())
        await asyncio.sleep(0.15)
        asyncio.get_running_loop().call_soon(time.sleep, block)
        await asyncio.sleep(0.6)
        watching.cancel()

    asyncio.run(story())


def test_a_loop_that_is_held_up_is_warned_of(settings, caplog):
    caplog.set_level("INFO")
    watched(settings, block=1.3)
    said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    held_up = [float(found[1]) for each in said if (found := re.search(r"held up for ([\d.]+) s", each))]
    assert max(held_up) >= 1.2
    assert max(float(most) for most in re.findall(r"at most ([\d.]+) ms", caplog.text)) >= 1200


def test_a_free_loop_only_reports(settings, caplog, monkeypatch):
    monkeypatch.setattr(loop_lag, "LATE", 60)  # which no machine that runs this stands still for
    caplog.set_level("INFO")
    watched(settings, block=0)
    assert {record.levelname for record in caplog.records if "loop" in record.getMessage()} == {"INFO"}
    assert "p99" in caplog.text
