"""A loop that somebody holds up says so, and how late it is as a rule."""

import asyncio
import time

from apps.platforms.lateness import watch


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
    (warning,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert "held up for 1." in warning.getMessage()
    assert "at most 1" in caplog.text


def test_a_free_loop_only_reports(settings, caplog):
    caplog.set_level("INFO")
    watched(settings, block=0)
    assert {record.levelname for record in caplog.records if "loop" in record.getMessage()} == {"INFO"}
    assert "p99" in caplog.text
