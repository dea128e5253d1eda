"""Test connection."""

import pytest
from asgiref.sync import async_to_sync

from apps.platforms.adapters.dingtalk.check import check
from apps.platforms.base import PlatformError
from tests.fakes.dingtalk_api import CLIENT_ID, SECRET
from tests.platforms.adapters.dingtalk.support import database


@database
def test_the_check_says_that_all_is_well(ding, chat):
    assert f"the robot is {CLIENT_ID}" in async_to_sync(check)(chat.channel)


@database
def test_the_check_says_what_is_wrong(ding, chat):
    ding.secret = "another"
    with pytest.raises(PlatformError, match="does not accept the client id and secret") as refused:
        async_to_sync(check)(chat.channel)
    assert SECRET not in str(refused.value)
    ding.stop()
    with pytest.raises(PlatformError, match="cannot be reached"):
        async_to_sync(check)(chat.channel)
