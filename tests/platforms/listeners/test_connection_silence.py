"""A connection that stands, and at whose other end nobody answers: found within two heartbeats, and said."""

import time

import pytest

from tests.platforms.rigs import channel_on, rigs
from tests.platforms.support import lost, status
from tests.waiting import in_time, until

pytestmark = pytest.mark.django_db(transaction=True)

RIGS = rigs()
HEARTBEAT = 3.0
GOODBYE = 1.5  # seconds: that nobody answers it is waited for, too


# Telegram's poll has a time-out of its own (test_connection), Discord's gateway as well (its own tests); where
# everything comes by webhook, the platform is asked again and again.
@pytest.mark.parametrize("platform", [name for name, rig in RIGS.items() if rig.deafen])
def test_a_silent_death_is_found_within_two_heartbeats(platform, settings, listeners):
    settings.CHANNEL_HEARTBEAT, settings.CHANNEL_STALL_TIMEOUT = HEARTBEAT, HEARTBEAT * 2 + 2
    rig = RIGS[platform]

    def found() -> float:
        assert rig.deafen
        with rig.fake() as server:
            channel = channel_on(platform, server)
            if not rig.deafen_later:
                rig.deafen(server)
            listeners.start()
            until(lambda: status() == "online")
            if rig.deafen_later:
                rig.deafen(server)
            began = time.monotonic()
            said, took = until(lost), time.monotonic() - began
            listeners.stop()
            channel.delete()
            return float("inf") if "Nothing was heard" in said else took  # the last resort must not have to help

    in_time(HEARTBEAT * 2 + GOODBYE, found)
