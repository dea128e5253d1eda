import time

import pytest

from apps.chats.models import Channel
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
