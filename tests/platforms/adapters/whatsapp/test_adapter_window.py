"""When nobody wrote for 24 hours."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.chats.models import Channel, Chat, Message
from tests.fakes.json_api import Answer
from tests.fakes.whatsapp_api import graph_error
from tests.platforms.support import outbound, send
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_redis")]


def last_wrote(chat: Chat, **before: Any) -> None:
    Chat.objects.filter(pk=chat.pk).update(last_message_at=timezone.now() - timedelta(**before))


def test_after_24_hours_an_answer_is_a_failed_one_and_says_why(api, listeners, chat):
    last_wrote(chat, hours=25)
    send(chat, "news")
    listeners.start()

    until(lambda: outbound("failed") == 1)
    assert "24 hours" in Message.objects.get().error
    assert not api.sent


def test_within_24_hours_it_is_sent(api, listeners, chat):
    last_wrote(chat, hours=23)
    send(chat, "news")
    listeners.start()
    assert api.wait_for_calls("messages")[0].body["type"] == "text"


@pytest.mark.parametrize("known", [True, False])
def test_after_24_hours_the_channels_template_carries_it(api, listeners, chat, known):
    """Also where only WhatsApp knows how long ago it was."""
    Channel.objects.update(options={"api_base": api.url, "template": "news_for_you", "template_language": "de"})
    if known:
        last_wrote(chat, hours=25)
    else:
        api.fail("messages", Answer(400, graph_error(131047, "Re-engagement message")))
    send(chat, "**Good**\n\nnews")
    listeners.start()

    (sent,) = api.wait_for_calls("messages")
    template = sent.body["template"]
    assert (template["name"], template["language"]) == ("news_for_you", {"code": "de"})
    assert template["components"][0]["parameters"] == [{"type": "text", "text": "Good news"}]
    until(lambda: outbound("sent") == 1)


def test_what_no_template_carries_is_said(api, listeners, chat):
    Channel.objects.update(options={"api_base": api.url, "template": "news"})
    last_wrote(chat, hours=25)
    send(chat, "x" * 2000)
    listeners.start()
    until(lambda: outbound("failed") == 1)
    assert "too long" in Message.objects.get().error
