"""That the agent works is shown again and again, whatever went wrong once."""

import asyncio

import pytest
from django.db import connections

from apps.agents.models import Run
from apps.agents.services import session_for
from apps.chats.models import Channel
from apps.platforms.adapters.telegram.adapter import TelegramAdapter
from apps.platforms.adapters.web.adapter import WebAdapter
from apps.platforms.aio.database import in_database
from apps.platforms.status import typing_indicator
from tests.platforms.support import end, registered_chat, until_quiet


class Stumbling(WebAdapter):
    """A plugin's, say: there is a mistake in it."""

    typing_every = 0.01

    def __init__(self, channel):
        super().__init__(channel)
        self.stumbled = False
        self.went_on = asyncio.Event()

    async def show_typing(self, chat_id, thread_id):
        if not self.stumbled:
            self.stumbled = True
            raise ValueError("a mistake of ours")
        self.went_on.set()


@pytest.mark.django_db(transaction=True)
def test_a_mistake_of_an_adapter_ends_the_typing_of_no_place(monkeypatch, caplog):
    monkeypatch.setattr(typing_indicator, "SWEEP", 0.05)
    channel = Channel.objects.create(platform="web", name="page")
    chat = registered_chat(channel, "elsewhere")
    assert chat.group
    Run.objects.create(session=session_for(chat.group), chat=chat, cause="message", status="running")
    adapter = Stumbling(channel)

    async def look():
        showing = asyncio.create_task(typing_indicator.Presence(lambda: {channel.pk: adapter}).run())
        async with asyncio.timeout(60):
            await adapter.went_on.wait()
        showing.cancel()
        await asyncio.wait([showing])
        await in_database(connections.close_all)

    asyncio.run(look())
    assert "a mistake of ours" in caplog.text


def test_typing_is_renewed_all_the_while(api, working, monkeypatch):
    monkeypatch.setattr(TelegramAdapter, "typing_every", 0.2)
    assert api.wait_for(lambda: len(api.calls_of("sendChatAction")) >= 4)
    end(working, "done")
    until_quiet(lambda: len(api.calls_of("sendChatAction")), 0.7)
