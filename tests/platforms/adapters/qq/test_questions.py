"""Questions where a platform has no buttons."""

from apps.chats.models import Message
from tests.fakes.qq_onebot import text
from tests.platforms.adapters.qq.support import database, online
from tests.platforms.test_buttons import answered, ask
from tests.waiting import until


@database
def test_a_question_has_numbered_lines(bot, listeners, chat):
    online(listeners)
    question = ask(chat)
    (sent,) = bot.wait_for_sent(1)
    assert sent["message"] == [text("Which colour?\n\n1. Red\n2. Dark blue\n\nAnswer with a number.")]

    bot.say("2")

    until(lambda: answered(question) == "Dark blue")
    assert Message.objects.inbound().get().run == question.run


@database
def test_it_is_answered_by_a_quote_as_well(bot, listeners, chat):
    online(listeners)
    first = ask(chat)
    bot.wait_for_sent(1)
    [sent] = until(lambda: Message.objects.outbound().get().external_parts)
    second = ask_again(first)
    bot.wait_for_sent(2)
    bot.say([{"type": "reply", "data": {"id": sent}}, text(" red")])
    until(lambda: answered(first) == "Red")
    assert answered(second) == ""


def ask_again(first):
    from apps.agents.questions import questions

    place = questions.Place(first.chat)
    return questions.ask(first.run, "And?", choices=["Red", "Green"], kind=first.kind, places=[place])
