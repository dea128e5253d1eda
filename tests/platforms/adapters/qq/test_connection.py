"""Forward: we connect to the implementation."""

import pytest

from tests.platforms.adapters.qq.support import channel, database, inbound, online
from tests.platforms.support import detail, send, status
from tests.waiting import until


@database
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_without_a_token_nothing_is_opened(bot, listeners, reverse_url, mode):
    channel(bot.url if mode == "forward" else reverse_url, mode=mode, token="")
    listeners.start()
    until(lambda: status() == "failed")
    assert "“access_token”" in detail()
    with pytest.raises(OSError, match="Connect call failed"):
        bot.dial(reverse_url)


@database
def test_a_cut_is_survived_both_ways(bot, listeners, chat):
    online(listeners)
    bot.stop()
    until(lambda: status() == "retrying")
    send(chat, "while you were away")
    bot.start()
    assert bot.wait_for_sent(1)
    bot.say("@Andy back?")
    assert inbound()
