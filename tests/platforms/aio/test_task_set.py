import asyncio
import threading

import pytest

from apps.platforms.aio.task_set import Errands, to_the_end


def test_what_an_errand_raises_is_said(caplog):
    async def fail():
        raise ValueError("a mistake of ours")

    async def begin_and_look_away():
        Errands().begin(fail(), name="an errand")
        await asyncio.sleep(0.01)

    asyncio.run(begin_and_look_away())
    assert "an errand failed" in caplog.text
    assert "a mistake of ours" in caplog.text


def test_whoever_is_cancelled_waits_for_what_must_end():
    ended, may_end = threading.Event(), threading.Event()

    def tidy():
        may_end.wait(30)
        ended.set()

    async def cancelled_in_the_middle():
        task = asyncio.create_task(to_the_end(asyncio.to_thread(tidy)))
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.sleep(0.01)
        assert not task.done()
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended.is_set()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(cancelled_in_the_middle())


def test_what_must_end_is_returned_and_raised():
    async def double(number):
        return 2 * number

    async def fail():
        raise ValueError("a mistake of ours")

    assert asyncio.run(to_the_end(double(21))) == 42
    with pytest.raises(ValueError, match="a mistake of ours"):
        asyncio.run(to_the_end(fail()))
