import asyncio
import time

import pytest

from apps.chats.models import Channel
from apps.platforms.listeners import service
from tests.platforms.support import status
from tests.waiting import in_time, until

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_listeners_stop_quickly_and_leave_the_status_off(api, listeners, chat):
    def stop() -> float:
        listeners.start()
        until(lambda: status() == "online")
        began = time.monotonic()
        listeners.stop()
        return time.monotonic() - began

    in_time(5, stop)
    assert set(Channel.objects.values_list("status", flat=True)) == {"off"}


def test_a_part_that_fails_ends_the_others_and_is_raised(transactional_db, monkeypatch):
    async def broken():
        raise ValueError("a mistake of ours")

    monkeypatch.setattr(service, "watch", broken)
    with pytest.raises(BaseExceptionGroup, match="the listeners failed") as raised:
        asyncio.run(service.serve(asyncio.Event()))
    assert [str(error) for error in raised.value.exceptions] == ["a mistake of ours"]
    assert set(Channel.objects.values_list("status", flat=True)) == {"off"}
