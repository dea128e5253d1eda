"""Names of people and channels."""

import pytest

from apps.chats.models import Message
from tests.fakes.slack_api import Failure
from tests.fakes.stand_in import Hang
from tests.platforms.adapters.slack.support import online
from tests.platforms.support import status
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_name_that_cannot_be_had_holds_nobody_up(api, listeners, chat, monkeypatch):
    monkeypatch.setattr("apps.platforms.adapters.slack.names.PATIENCE", 0.3)
    api.keep_failing("users.info", Failure("missing_scope"))
    api.keep_failing("conversations.info", Hang(300))
    listeners.start()
    until(lambda: status() == "online")
    api.say("hello")
    message = until(lambda: Message.objects.inbound().first())
    assert message.sender.external_id == "UANN"


def test_who_writes_again_and_where_is_asked_for_once(api, listeners, chat):
    online(listeners)
    api.say("one")
    api.say("two", user="UBOB")
    api.say("three")

    until(lambda: Message.objects.inbound().count() == 3)
    assert [row.sender_name for row in Message.objects.order_by("pk")] == ["Ann Lee", "Bob", "Ann Lee"]
    assert [call.parameters["user"] for call in api.calls_of("users.info")].count("UANN") == 1
    assert len(api.calls_of("conversations.info")) == 1


def test_a_name_that_was_not_told_is_asked_for_again_later(api, listeners, chat, monkeypatch):
    monkeypatch.setattr("apps.platforms.adapters.slack.names.UNKNOWN_KEPT", 0)
    api.fail("users.info", Failure("internal_error"))
    online(listeners)
    api.say("one")
    until(lambda: Message.objects.inbound().count() == 1)
    api.say("two")

    until(lambda: Message.objects.inbound().count() == 2)
    assert [row.sender_name for row in Message.objects.order_by("pk")] == ["", "Ann Lee"]
