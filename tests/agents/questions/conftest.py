"""A run in a chat on Telegram, which may ask the people there."""

import pytest

from apps.agents.models import Run
from apps.agents.services import request_run
from apps.chats.models import Channel, Chat, Platform


@pytest.fixture
def place(group) -> Chat:
    channel = Channel.objects.create(platform=Platform.TELEGRAM, name="bot", credentials={"token": "1:a"})
    return Chat.objects.create(channel=channel, external_id="-1001", group=group, title="Team")


@pytest.fixture
def run(group, place) -> Run:
    run = request_run(group, chat=place, cause=Run.Cause.REQUEST, prompt="go")
    assert run.claim("a worker of the tests")
    return run
