"""Typing, the reaction, and an answer that is shown while it is written."""

from typing import Any

import pytest

from apps.agents.models import Run
from apps.agents.services import announce, session_for
from apps.chats.models import Message
from apps.events import hooks
from tests.fakes.discord_api import DiscordApi
from tests.platforms.adapters.discord.support import discord_channel, inbound
from tests.platforms.support import registered_chat, send, status
from tests.waiting import until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("told_at_once", "nothing_left"),
]


@pytest.fixture
def working(discord: DiscordApi, listeners: Any, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A running run, called from a thread, in a chat whose channel shows answers while they are written."""
    from apps.platforms.adapters.discord.adapter import DiscordAdapter
    from apps.platforms.status import draft_publisher

    monkeypatch.setattr(DiscordAdapter, "edit_every", 0.1)
    monkeypatch.setattr(draft_publisher, "EVERY", 0)
    options = {"api_base": discord.url, "stream": "yes", "ack_reaction": "👀"}
    chat = registered_chat(discord_channel(discord, options=options), "600")
    listeners.start()
    until(lambda: status() == "online")
    discord.say("@Andy go", channel_id="650")
    inbound()
    Run.objects.all().delete()
    assert chat.group
    session = session_for(chat.group)
    run = Run.objects.create(session=session, chat=chat, cause="message", status="running", thread_id="650")
    return Run.objects.select_related("session__group", "chat__channel").get(pk=run.pk)


def test_typing_and_a_reaction_are_shown_in_the_thread(discord, working):
    announce(working)
    assert discord.wait_for(lambda: bool(discord.calls_of("react") and discord.calls_of("typing")))
    reaction = discord.calls_of("react")[0].parameters
    assert (reaction["channel_id"], reaction["emoji"]) == ("650", "👀")
    assert reaction["message_id"] == Message.objects.inbound().get().external_id
    assert discord.calls_of("typing")[0].channel_id == "650"


def test_an_answer_is_shown_while_it_is_written_and_then_replaced(discord, working):
    hooks.run_delta.fire(run=working, text="Hel")
    draft = discord.wait_for_sent(1)[0]
    hooks.run_delta.fire(run=working, text="lo there")
    assert discord.wait_for(lambda: any(call.text == "Hello there" for call in discord.calls_of("edit")))
    Message.objects.inbound().update(run=working)
    Run.objects.update(status="succeeded")
    final = send(working.chat, "Hello **there** again", run_id=working.pk, thread_id="650")
    until(lambda: Message.objects.get(pk=final.pk).delivery == "sent")
    last = discord.calls_of("edit")[-1]
    assert (last.text, last.channel_id) == ("Hello **there** again", "650")
    assert last.parameters["allowed_mentions"]["parse"] == []
    assert Message.objects.get(pk=final.pk).external_parts == [draft.message_id]
    assert len(discord.sent) == 1
