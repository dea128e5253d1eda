"""Feishu's events in the product's words, the hostile ones too."""

import json
from datetime import UTC, datetime

import pytest

from apps.platforms.adapters.feishu.payloads import event, event_from
from tests.fakes import feishu_api
from tests.fakes.feishu_api import BOT, BOT_MENTION
from tests.platforms.adapters.feishu.support import ME, translated
from tests.platforms.fuzz import mutations, survived


def test_the_time_is_the_platforms():
    assert translated(text="x", create_time="1700000000123").sent_at == datetime.fromtimestamp(1700000000.123, UTC)


def test_a_direct_message_and_a_thread():
    assert translated(text="x", chat_type="p2p").chat_kind == "direct"
    assert translated(text="x", thread_id="omt", message_id="om_9").thread_id == "om_9"
    assert translated(text="x", thread_id="omt", root_id="om_3").thread_id == "om_3"
    assert translated(text="x", root_id="om_3", parent_id="om_4").thread_id == ""


@pytest.mark.parametrize(
    "message",
    [
        {"text": "x", "sender": {"sender_id": {"open_id": BOT}, "sender_type": "app"}},
        {"text": ""},
        {"message_type": "system", "content": "{}"},
    ],
)
def test_what_is_no_news(message):
    assert event(feishu_api.event(**message), ME) is None


def test_no_payload_breaks_the_translation():
    rich = {
        "content": [[{"tag": "at", "user_id": "@_user_1"}, {"tag": "a", "href": "x"}, {"tag": "img", "image_key": "i"}]]
    }
    recorded = [
        feishu_api.event("@_user_1 hi", mentions=[BOT_MENTION], parent_id="om_0", root_id="om_0", thread_id="omt"),
        feishu_api.event(message_type="file", content='{"file_key": "f", "file_name": "x"}'),
    ]
    bodies = [json.dumps(variant).encode() for each in recorded for variant in mutations(each)]
    assert survived(lambda body: event(event_from(body), ME), bodies) > 0
    posts = [feishu_api.event(message_type="post", content=json.dumps(content)) for content in mutations(rich)]
    assert survived(lambda post: event(post, ME), posts) > 0
