"""The buttons of a question go once it is answered, or nobody did."""

import pytest

from apps.agents.questions import questions
from apps.agents.questions.questions import QUESTIONS
from apps.chats.models import Message
from apps.events.pubsub import publish
from tests.fakes.stand_in import Hang
from tests.platforms.support import ask, outbound, status, until_quiet
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


def test_nobody_answered_and_the_buttons_go(api, question):
    asked = api.wait_for_sent(1)[0]
    until(lambda: Message.objects.outbound().get().delivery == "sent")
    questions.expire([question])
    assert api.wait_for(lambda: bool(api.calls_of("editMessageText")))
    edit = api.calls_of("editMessageText")[0]
    assert (edit.message_id, edit.text) == (asked.message_id, "Which <b>colour</b>?\n\n⌛ Nobody answered in time.")
    assert "reply_markup" not in edit.parameters


def test_what_is_answered_while_it_is_sent_loses_its_buttons_afterwards(api, fresh_redis, chat, listeners):
    api.fail("sendMessage", Hang(300))
    listeners.start()
    until(lambda: status() == "online")
    question = ask(chat)
    assert api.wait_for(lambda: api.hanging)  # the platform has it, and does not say so yet
    questions.answer(question, "Red")
    api.let_go()
    assert "reply_markup" in api.wait_for_sent(1)[0].parameters
    assert api.wait_for(lambda: bool(api.calls_of("editMessageText")))


def test_an_open_question_keeps_its_buttons(api, question):
    until(lambda: outbound("sent") == 1)
    publish(QUESTIONS, question=question.pk)
    until_quiet(lambda: len(api.calls_of("editMessageText")), 1)
    assert not api.calls_of("editMessageText")
    questions.answer(question, "Red")
    assert api.wait_for(lambda: len(api.calls_of("editMessageText")) == 1)
