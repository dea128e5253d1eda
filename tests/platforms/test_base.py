"""The same faults on each platform: what comes twice, in another order, of an unknown kind, or makes no sense."""

import time
from datetime import UTC, datetime

import pytest

from apps.agents.models import Run
from apps.chats.models import Channel, Chat, Message
from tests.platforms.rigs import channel_on, rigs, second
from tests.platforms.support import outbound, registered_chat, send, status, telegram_channel
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_redis")]

RIGS = rigs()


@pytest.fixture(params=RIGS)
def platform(request, settings, tmp_path):
    settings.GROUPS_DIR = tmp_path / "groups"
    return request.param


@pytest.fixture
def server(platform):
    with RIGS[platform].fake() as fake:
        yield fake


@pytest.fixture
def channel(platform, server, listeners):
    made = channel_on(platform, server)
    registered_chat(made, RIGS[platform].chat)
    listeners.start()
    until(lambda: status() == "online")
    return Channel.objects.get(pk=made.pk)  # with who we are there


@pytest.fixture
def tell(platform, server, channel):
    return lambda number, text: RIGS[platform].tell(server, channel, number, text)


def kept() -> list[str]:
    return list(Message.objects.inbound().order_by("pk").values_list("text", flat=True))


def test_what_comes_in_another_order_and_again_is_kept_once_with_its_own_time(tell):
    for number in (3, 1, 2, 3, 1, 4):
        tell(number, f"message {number}")
        until(kept)

    until(lambda: "message 4" in kept())
    assert kept() == ["message 3", "message 1", "message 2", "message 4"]
    times = Message.objects.inbound().order_by("pk").values_list("sent_at", flat=True)
    assert list(times) == [datetime.fromtimestamp(second(number), UTC) for number in (3, 1, 2, 4)]
    assert Run.objects.count() <= 1


@pytest.mark.parametrize("platform", [name for name, rig in RIGS.items() if rig.strange], indirect=True)
def test_a_kind_that_nobody_knows_has_a_placeholder(platform, server, channel):
    strange = RIGS[platform].strange
    assert strange
    strange(server, channel)

    message = until(lambda: Message.objects.inbound().first())
    assert message.text.startswith("[")
    assert message.text.endswith("]")


def test_garbage_in_the_middle_holds_up_nobody(platform, server, channel, tell):
    tell(1, "before")
    until(lambda: kept() == ["before"])
    RIGS[platform].garbage(server, channel)
    time.sleep(0.3)
    until(lambda: status() == "online")  # it may have connected anew
    tell(2, "after")

    until(lambda: len(kept()) == 2)
    assert kept() == ["before", "after"]
    until(lambda: status() == "online")


@pytest.mark.parametrize("platform", [name for name, rig in RIGS.items() if rig.hang])
def test_one_that_hangs_holds_up_only_its_own_chat(platform, server, channel, api):
    """The others' test is in test_service_hung_channel."""
    hang = RIGS[platform].hang
    assert hang
    hang(server)
    other = registered_chat(telegram_channel(api, name="other"))
    until(lambda: status("other") == "online")
    send(Chat.objects.get(channel=channel), "never")
    until(lambda: outbound("sending") == 1)

    for number in range(5):
        send(other, f"out {number}")

    assert [call.text for call in api.wait_for_sent(5)] == [f"out {number}" for number in range(5)]
    assert Message.objects.get(text="never").delivery == "sending"
    server.stop()
