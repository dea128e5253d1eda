"""DingTalk's messages in the product's words, the hostile ones too."""

import pytest
from django.utils import timezone

from apps.platforms.adapters.dingtalk import payloads
from tests.fakes.dingtalk_api import message
from tests.platforms.adapters.dingtalk.support import read
from tests.platforms.fuzz import mutations, survived


def test_a_message_in_the_products_words():
    found = read()
    assert (found.text, found.chat_id, found.chat_title) == ("hello", "cidgroup", "Team")
    assert (found.sender_id, found.mentions_bot) == ("staff42", True)
    assert not read(isInAtList=False).mentions_bot
    assert read(senderStaffId=None).sender_id == "$:ann"
    assert abs((found.sent_at - timezone.now()).total_seconds()) < 5


def test_a_reply_to_the_bot_calls_and_brings_its_words():
    replied = {"msgId": "m0", "msgType": "text", "senderId": "$:bot", "content": {"text": "my words"}}
    found = read(isInAtList=False, text={"content": "and?", "isReplyMsg": True, "repliedMsg": replied})
    assert (found.reply_to, found.quoted_text, found.mentions_bot) == ("m0", "my words", True)


HOSTILE = {
    **message("m1", "hello", "https://oapi.dingtalk.com/x"),
    "text": {"content": "and?", "repliedMsg": {"msgId": "m0", "msgType": "text", "content": {"text": "x"}}},
}
RICH = {
    **HOSTILE,
    "msgtype": "richText",
    "content": {"richText": [{"text": "a"}, {"downloadCode": "d", "fileSize": 1}]},
}


@pytest.mark.parametrize("payload", [HOSTILE, RICH])
def test_no_payload_breaks_the_translation(payload):
    assert survived(payloads.inbound, mutations(payload)) > 0
