"""One message on its way out, an agent's reaction among them: in its place, and again after trouble."""

import json

from apps.chats.models import Message
from tests.fakes.telegram_api import Failure
from tests.platforms.support import age, ask, outbound, send
from tests.waiting import until


def react(chat, emoji="👍"):
    return send(chat, emoji, kind=Message.Kind.REACTION, reply_to="55")


def test_a_reaction_is_put_under_its_message_in_its_turn(api, listeners, chat):
    send(chat, "before")
    react(chat)
    send(chat, "after")
    listeners.start()
    until(lambda: outbound("sent") == 3)
    calls = [call.method for call in api.calls if call.method in ("sendMessage", "setMessageReaction")]
    assert calls == ["sendMessage", "setMessageReaction", "sendMessage"]
    given = api.calls_of("setMessageReaction")[0].parameters
    assert (given["message_id"], json.loads(given["reaction"])[0]["emoji"]) == ("55", "👍")


def test_a_reaction_that_fails_for_a_moment_is_tried_again(api, listeners, chat):
    api.fail("setMessageReaction", Failure(502))
    react(chat)
    listeners.start()
    until(lambda: outbound("sent") == 1)
    assert len(api.calls_of("setMessageReaction")) == 2


def test_an_emoji_that_the_platform_does_not_know_is_shown_as_failed(api, listeners, chat):
    api.fail("setMessageReaction", Failure(400, "Bad Request: REACTION_INVALID"))
    message = react(chat, "🦄")
    listeners.start()
    until(lambda: outbound("failed") == 1)
    message.refresh_from_db()
    assert "Reaction_invalid" in message.error


def test_what_is_no_message_of_the_platform_takes_no_reaction_and_lets_the_next_pass(api, listeners, chat):
    send(chat, "👍", kind=Message.Kind.REACTION, reply_to="reaction-77")
    send(chat, "after")
    listeners.start()
    assert api.wait_for_sent(1)[0].text == "after"
    assert "no message of Telegram" in Message.objects.get(delivery="failed").error


def test_temporary_trouble_is_put_up_with_for_a_day(api, listeners, chat):
    api.keep_failing("sendMessage", Failure(500, "sick"))
    message = send(chat, "hi")
    age(message, hours=25)
    listeners.start()
    until(lambda: outbound("failed") == 1)
    message.refresh_from_db()
    assert "for a day" in message.error


def test_a_question_that_cannot_be_shown_fails_and_lets_the_next_pass(api, listeners, chat):
    ask(chat)
    Message.objects.update(choices=[{"token": "without a label"}])
    send(chat, "after")
    listeners.start()
    assert api.wait_for_sent(1)[0].text == "after"
    assert "KeyError" in Message.objects.get(delivery="failed").error
