"""What a bot is told, the hostile payloads too."""

import json

import pytest

from apps.chats.models import Chat
from apps.platforms.adapters.wecom.aibot import payloads as bot_payloads
from tests.fakes.wecom_api import bot_message
from tests.platforms.adapters.wecom.support import URL
from tests.platforms.fuzz import mutations, survived

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_redis")]


def test_a_bots_direct_chat_is_the_persons_and_a_quote_is_told():
    quote = {"msgtype": "text", "text": {"content": "before"}}
    given = bot_message(URL, chattype="single", chatid="", quote=quote)
    ((message,),) = bot_payloads.events(json.dumps(given).encode())
    assert (message.chat_kind, message.chat_id, message.quoted_text) == (Chat.Kind.DIRECT, "ann", "before")


def test_no_payload_of_a_bot_breaks_the_translation():
    item = {"msgtype": "image", "image": {"url": "https://x.y/z"}}
    quote = {"msgtype": "text", "text": {"content": "before"}}
    payloads = mutations(bot_message(URL, msgtype="mixed", mixed={"msg_item": [item]}, quote=quote))
    assert survived(bot_payloads.events, [json.dumps(payload).encode() for payload in payloads]) > 0
