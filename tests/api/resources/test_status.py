import pytest

from apps.chats.models import Channel
from tests.api.support import client, url
from tests.platforms.support import registered_chat, send


@pytest.fixture
def operator(browser_of):
    return browser_of


@pytest.fixture
def chat(transactional_db):
    return registered_chat(Channel.objects.create(platform="telegram", name="bot"))


def test_the_api_tells_it_for_each_channel(operator, chat):
    send(chat, "one")
    chat.channel.mark_trouble("Telegram cannot be reached.")
    chat.channel.mark_event()

    told = {each["name"]: each for each in operator.get("/api/v1/status").json()["channels"]}["bot"]

    assert (told["outbox"], told["reconnects"], told["last_error"]) == (1, 1, "Telegram cannot be reached.")
    assert told["last_event_at"]
    assert told["last_error_at"]


pytestmark = pytest.mark.django_db(transaction=True)


def test_the_status_says_what_runs_here(family):
    shown = client("read").get(url("status")).json()
    assert shown["agent"]["name"] == "demo"
    assert "ANTHROPIC_API_KEY" in shown["agent"]["why"]
    assert shown["runtime"]["why"]
    assert [channel["platform"] for channel in shown["channels"]] == ["web"]
    assert shown["queues"] == {"queued_runs": 0, "running_runs": 0, "outbox": 0}


def test_a_restricted_token_sees_no_channels(family):
    assert client("read", groups=(family,)).get(url("status")).json()["channels"] == []
