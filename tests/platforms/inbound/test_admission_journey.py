"""A stranger writes, is let in, and is answered: the real listeners, worker and runner; only Telegram is played."""

import re
import threading

import pytest
from django.db import connection

from apps.agents.models import Run
from apps.agents.runs.execution import execute
from apps.agents.sandbox import process, selection
from apps.chats.models import Message, Sender
from apps.chats.services import create_group
from tests.platforms.support import status, telegram_channel
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

ADMIN = {"id": 7, "is_bot": False, "first_name": "Root"}
STRANGER = {"id": 4242, "is_bot": False, "first_name": "Ann"}
PRIVATE = {"id": 4242, "type": "private", "first_name": "Ann"}
OFFICE = {"id": -1001, "type": "supergroup", "title": "Office"}


@pytest.fixture
def telegram(api, listeners, fresh_redis, settings):
    settings.AGENT_RUNTIME = "process"
    selection.chosen_runtime.cache_clear()
    channel = telegram_channel(api)
    channel.chats.create(external_id="-1001", title="Office", group=create_group(folder="office"))
    Sender.objects.create(channel=channel, external_id="7", name="Root", access=Sender.Access.ADMIN)
    create_group(folder="guests", name="Guests")
    listeners.start()
    until(lambda: status() == "online")
    yield api
    process.stop_all()
    selection.chosen_runtime.cache_clear()


def serve():
    """A worker's thread takes the run that waits."""
    run = until(lambda: Run.objects.filter(status=Run.Status.QUEUED).first())

    def work():
        try:
            execute(run.pk)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(120)


def test_a_stranger_is_let_in_by_an_admin_in_a_chat_and_answered(telegram):
    question = telegram.say("echo are you there?", chat_id=4242, chat=PRIVATE, user=STRANGER)
    offer = telegram.wait_for_sent(1)[0]
    assert offer.chat_id == 4242
    code = re.search(r"<b>(\w{8})</b>", offer.text)
    assert code
    telegram.say("hello? anybody?", chat_id=4242, chat=PRIVATE, user=STRANGER)
    telegram.say(f"@Andy /pair {code[1]} guests", chat_id=-1001, chat=OFFICE, user=ADMIN)
    assert "Ann may write now, and is served by Guests" in telegram.wait_for_sent(2)[1].text
    serve()
    answer = telegram.wait_for_sent(3)[2]
    assert (answer.chat_id, answer.text) == (4242, "are you there?")
    assert str(question) in answer.parameters["reply_parameters"]
    telegram.say("echo thanks", chat_id=4242, chat=PRIVATE, user=STRANGER)
    serve()
    assert telegram.wait_for_sent(4)[3].text == "thanks"


def test_a_stranger_whom_nobody_lets_in_learns_nothing_more(telegram):
    for number in range(3):
        telegram.say(f"let me in {number}", chat_id=4242, chat=PRIVATE, user=STRANGER)
    telegram.wait_for_sent(1)
    telegram.say("@Andy /help", chat_id=-1001, chat=OFFICE, user=ADMIN)  # everything before it was dealt with
    assert "/pair" in telegram.wait_for_sent(2)[1].text
    assert len(telegram.sent) == 2
    assert not Run.objects.exists()
    assert Message.objects.inbound().filter(chat__external_id="4242").count() == 1
