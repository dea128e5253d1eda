"""What a message to a bot contains."""

import json

import pytest

from apps.chats.models import Chat
from apps.platforms.adapters.wecom.aibot import payloads as bot_payloads
from tests.fakes.wecom_api import bot_message
from tests.platforms.adapters.wecom.support import URL

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_redis")]


@pytest.mark.parametrize(
    ("given", "kind", "text"),
    [
        ({}, "text", "@Andy hello"),
        ({"msgtype": "image", "image": {"url": "https://x.y/z"}}, "image", "[photo]"),
        ({"msgtype": "voice", "voice": {"content": "what I said"}}, "text", "what I said"),
        ({"msgtype": "file", "file": {"url": "https://x.y/z"}}, "file", "[file]"),
        ({"msgtype": "something_new"}, "other", "[something_new]"),
        (
            {"msgtype": "mixed", "mixed": {"msg_item": [
                {"msgtype": "text", "text": {"content": "see"}}, {"msgtype": "image", "image": {"url": "https://x.y/z"}}
            ]}},
            "text", "see\n[photo]",
        ),
    ],
)  # fmt: skip
def test_each_kind_of_a_bots_messages(given, kind, text):
    ((message,),) = bot_payloads.events(json.dumps(bot_message(URL, **given)).encode())
    assert (message.kind, message.text) == (kind, text)
    assert (message.chat_kind, message.chat_id, message.mentions_bot) == (Chat.Kind.GROUP, "wr-group", True)
