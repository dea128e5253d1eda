import pytest

from apps.chats.models import Channel
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
