"""One platform's server takes every request and says nothing: all other channels go on as if it were not there."""

import pytest

from apps.chats.models import Attachment, Message
from tests.platforms.rigs import channel_on, rigs
from tests.platforms.support import outbound, registered_chat, send, status, telegram_channel
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_redis")]

MESSAGES = 20
PLATFORMS = {name: rig.hanging for name, rig in rigs().items() if rig.hanging}


@pytest.fixture(params=PLATFORMS)
def platform(request, settings, tmp_path):
    settings.GROUPS_DIR = tmp_path / "groups"
    return request.param


@pytest.fixture
def hung(platform):
    with rigs()[platform].fake() as server:
        yield server


@pytest.fixture
def stuck(platform, hung):
    """A chat on the channel that will hang."""
    return registered_chat(channel_on(platform, hung, name="stuck"), rigs()[platform].chat)


@pytest.fixture
def chat(api, stuck):
    """On the channel that has nothing to do with it."""
    return registered_chat(telegram_channel(api))


def assert_undisturbed(api, chat):
    for number in range(MESSAGES):
        api.say(f"in {number}", chat_id=-1001)
        send(chat, f"out {number}")
    assert [call.text for call in api.wait_for_sent(MESSAGES)] == [f"out {number}" for number in range(MESSAGES)]
    stored = Message.objects.inbound().filter(chat=chat)
    until(lambda: stored.count() == MESSAGES)


def test_a_platform_that_hangs_at_first_delays_no_other(platform, hung, stuck, api, listeners, chat):
    PLATFORMS[platform].at_first(hung)
    listeners.start()
    until(lambda: status() == "online")
    assert_undisturbed(api, chat)
    assert status("stuck") == "connecting"
    hung.stop()


def test_a_platform_that_hangs_later_delays_no_other(platform, hung, stuck, api, listeners, chat):
    listeners.start()
    until(lambda: status("stuck") == status() == "online")
    PLATFORMS[platform].later(hung)
    PLATFORMS[platform].say_with_file(hung)
    until(lambda: Attachment.objects.filter(message__chat=stuck).exists())
    send(stuck, "never")
    until(lambda: outbound("sending") == 1)
    assert_undisturbed(api, chat)
    assert Message.objects.get(text="never").delivery == "sending"
    assert Attachment.objects.get().state == "pending"
    hung.stop()
