"""Test connection."""

import pytest
from asgiref.sync import async_to_sync

from apps.platforms.adapters.qq.check import check
from apps.platforms.base import PlatformError
from tests.fakes.qq_onebot import SELF_ID
from tests.platforms.adapters.qq.support import database


@database
def test_the_check_says_who_the_account_is(bot, chat):
    assert async_to_sync(check)(chat.channel) == f"The access token works: the account is Bot ({SELF_ID})."


@database
def test_the_check_says_what_is_wrong(bot, chat):
    bot.token = "another"
    with pytest.raises(PlatformError, match="does not accept the access token"):
        async_to_sync(check)(chat.channel)
    bot.stop()
    with pytest.raises(PlatformError, match="cannot be reached"):
        async_to_sync(check)(chat.channel)


@database
def test_the_check_tells_that_nobody_is_there_yet(reverse_chat):
    assert "Nobody is connected yet" in async_to_sync(check)(reverse_chat.channel)
