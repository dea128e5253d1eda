import sys

import pytest
from celery import signals

from nanogridbot.threads import SWITCH_INTERVAL


@pytest.fixture(autouse=True)
def _as_it_was():
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


def test_a_worker_lets_its_threads_take_short_turns():
    assert sys.getswitchinterval() != pytest.approx(SWITCH_INTERVAL)

    signals.worker_init.send(sender=None)

    assert sys.getswitchinterval() == pytest.approx(SWITCH_INTERVAL)
