"""A message waits for its files, and an album is one message."""

import pytest

from apps.agents.models import Run
from apps.chats.models import Attachment, Message
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
