"""A message waits for its files, and an album is one message."""

import pytest

from apps.agents.models import Run
from apps.chats.inbound import InboundAttachment, InboundMessage
from apps.chats.models import Attachment, Message
from apps.platforms.inbound import attachments, intake
from apps.platforms.inbound.attachments import Fetched
from tests.fakes.stand_in import Hang
from tests.platforms.inbound.support import photo, prompt
from tests.platforms.support import PNG
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_folders")]


def test_a_question_about_an_earlier_photo_waits_for_it(api, listeners, chat):
    api.files = {"small": PNG}
    api.fail("file", Hang(1))
    listeners.start()
    api.say(photo=photo())
    api.say("@Andy what is this?")

    run = until(Run.objects.first)
    assert Attachment.objects.get().state == "ready"
    assert prompt(run).count("<message ") == 2


def test_an_album_is_one_message(api, listeners, chat):
    api.files = {"one": b"1", "two": b"2", "three": b"3"}
    listeners.start()
    with api.changed:  # they come in one answer
        api.say(caption="@Andy look", photo=photo("one"), media_group_id="g")
        api.say(photo=photo("two"), media_group_id="g")
        api.say(photo=photo("three"), media_group_id="g")

    run = until(Run.objects.first)
    assert Message.objects.inbound().count() == Run.objects.count() == 1
    assert prompt(run).count("<attachment ") == 3


@pytest.mark.parametrize(
    ("fetched", "state"),
    [(Fetched(path="attachments/a.txt", size=1), "ready"), (Fetched(error="It is gone."), "failed")],
)
def test_the_agent_is_called_once_the_file_is_settled_and_that_counts_once(chat, fetched, state):
    file = InboundAttachment(Message.Kind.FILE, source={"id": "f"}, name="a.txt")
    called = InboundMessage(external_id="1", chat_id="-1001", sender_id="42", text="@Andy look", attachments=(file,))
    intake.accept(chat.channel, called)
    (waiting,) = attachments.to_fetch([])
    assert not Run.objects.exists()

    assert attachments.settle(waiting, fetched)

    assert Run.objects.get().status == "queued"
    assert Attachment.objects.get().state == state
    assert not attachments.settle(waiting, Fetched(error="too late"))
    assert Attachment.objects.get().state == state
    assert attachments.to_fetch([]) == []
