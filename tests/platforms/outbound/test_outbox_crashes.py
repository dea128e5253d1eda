"""The listeners were killed between sending and recording; at the level of rows."""

import pytest

from apps.chats import services
from tests.fakes.telegram_api import Failure
from tests.platforms.support import age, outbound, send
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_young_message_found_half_sent_is_sent_again_from_its_missing_part(api, listeners, chat):
    message = send(chat, "a" * 4096 + "b")
    message.claim_delivery()
    message.mark_part_sent("555")
    listeners.start()
    assert [call.text for call in api.wait_for_sent(1)] == ["b"]
    until(lambda: outbound("sent") == 1)


def test_an_old_message_found_half_sent_is_left_for_a_person(api, listeners, chat):
    message = send(chat, "hi")
    message.claim_delivery()
    age(message, minutes=16)
    listeners.start()
    until(lambda: outbound("unknown") == 1)
    assert not api.sent
    message.refresh_from_db()
    services.resend(message)
    assert api.wait_for_sent(1)[0].text == "hi"


def test_temporary_trouble_is_put_up_with_for_a_day(api, listeners, chat):
    api.keep_failing("sendMessage", Failure(500, "sick"))
    message = send(chat, "hi")
    age(message, hours=25)
    listeners.start()
    until(lambda: outbound("failed") == 1)
    message.refresh_from_db()
    assert "for a day" in message.error
