"""What an app is told, the hostile payloads too."""

import json
from functools import partial
from itertools import product

import pytest

from apps.platforms.adapters.wecom import payloads
from apps.platforms.adapters.wecom.aibot import payloads as bot_payloads
from apps.platforms.base import PayloadError
from tests.fakes.wecom_api import AGENT_ID, CORP_ID, app_message, bot_message
from tests.platforms.adapters.wecom.support import URL
from tests.platforms.fuzz import STRANGE, survived

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_redis")]


def test_another_app_of_the_company_is_not_ours():
    for other in ({"AgentID": "7"}, {"ToUserName": "ww-other"}):
        with pytest.raises(PayloadError):
            payloads.events(app_message(**other).encode(), corp_id=CORP_ID, agent_id=AGENT_ID)


def test_what_is_no_message_is_passed_over():
    assert payloads.events(app_message(MsgType="event").encode(), corp_id=CORP_ID, agent_id=AGENT_ID) == []
    for kind in ("event", "stream"):
        assert bot_payloads.events(json.dumps(bot_message(URL, msgtype=kind)).encode()) == []


def test_no_payload_of_an_app_breaks_the_translation():
    names = ("ToUserName", "FromUserName", "CreateTime", "MsgType", "Content", "MsgId", "AgentID", "MediaId")
    given = product(names, map(str, STRANGE), ("text", "image", "location"))
    plain = [
        app_message(**{"MsgType": kind, "MediaId": "M", name: strange}).encode(errors="replace")
        for name, strange, kind in given
    ]
    assert survived(partial(payloads.events, corp_id=CORP_ID, agent_id=AGENT_ID), plain) > 0
