"""What every webhook asks of a request, and where a platform finds it."""

import time

import pytest

from apps.chats.models import Channel
from apps.platforms.webhooks import WebhookRefused, require_recent, webhook_url
from tests.fakes.telegram_api import TOKEN
from tests.platforms.support import registered_chat

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_redis")]


@pytest.fixture
def channel():
    channel = Channel.objects.create(
        platform="telegram", name="hooked", credentials={"token": TOKEN}, options={"mode": "webhook"}
    )
    registered_chat(channel)
    return channel


def test_a_time_must_be_near():
    require_recent(str(int(time.time()) - 200))
    for wrong in ("", "soon", str(int(time.time()) - 400), str(int(time.time()) + 400), "-1", "²", "9" * 400):
        with pytest.raises(WebhookRefused):
            require_recent(wrong)


def test_the_address_is_the_services_own(channel, settings):
    settings.BASE_URL = "https://bot.example"

    assert webhook_url(channel) == f"https://bot.example/hooks/telegram/{channel.pk}/"
