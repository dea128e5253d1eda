import asyncio

from apps.platforms.aio.task_set import Errands


def test_what_an_errand_raises_is_said(caplog):
    async def fail():
        raise ValueError("a mistake of ours")

    async def begin_and_look_away():
        Errands().begin(fail(), name="an errand")
        await asyncio.sleep(0.01)

    asyncio.run(begin_and_look_away())
    assert "an errand failed" in caplog.text
    assert "a mistake of ours" in caplog.text
