"""The real SDK against a Bot API that speaks the wire, with the real listeners and a real database."""

import pytest

from apps.chats import services
from apps.chats.models import Message
from tests.platforms.conftest import registered_chat, telegram_channel, until

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_message_becomes_a_row_and_an_answer_is_delivered(api, listeners):
    chat = registered_chat(telegram_channel(api))
    listeners.start()
    message_id = api.say("@Andy hello", chat_id=-1001)
    message = until(lambda: Message.objects.inbound().first())
    assert (message.text, message.external_id, message.sender_name) == ("@Andy hello", str(message_id), "Ann")
    services.send_message(chat, text="**Hi** Ann", reply_to=str(message_id))
    assert api.wait_for_sent(1)[0].text == "<b>Hi</b> Ann"
    assert until(lambda: Message.objects.outbound().get().external_parts)
