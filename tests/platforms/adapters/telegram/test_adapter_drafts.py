"""An answer that is shown while it is written, and the reaction under the message that it answers."""

import json
import time
from typing import Any

import pytest

from apps.agents.models import Run
from apps.agents.services import announce, session_for
from apps.chats import services
from apps.chats.models import Channel, Message
from apps.events import hooks
from apps.platforms.models import Draft
from tests.fakes.telegram_api import Failure, TelegramApi
from tests.platforms.support import registered_chat, send, status, telegram_channel
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def streamed(api: TelegramApi, listeners: Any, fresh_redis: None, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A running run in a chat whose channel shows answers while they are written."""
    from apps.platforms.adapters.telegram.adapter import TelegramAdapter
    from apps.platforms.status import draft_publisher

    monkeypatch.setattr(TelegramAdapter, "edit_every", 0.1)
    monkeypatch.setattr(draft_publisher, "EVERY", 0)
    options = {"api_base": api.url, "stream": "yes", "ack_reaction": "👀"}
    chat = registered_chat(telegram_channel(api, options=options))
    assert chat.group
    listeners.start()
    until(lambda: status() == "online")
    Message.objects.create(chat=chat, direction="in", external_id="55", text="@Andy go", calls_agent=True)
    run = Run.objects.create(session=session_for(chat.group), chat=chat, cause="message", status="running")
    return Run.objects.select_related("session__group", "chat__channel").get(pk=run.pk)


def test_an_answer_is_shown_while_it_is_written_and_then_replaced(api, streamed):
    hooks.run_delta.fire(run=streamed, text="Hel")
    draft = api.wait_for_sent(1)[0]
    hooks.run_delta.fire(run=streamed, text="lo <internal>secret</internal>there")
    assert api.wait_for(lambda: any(call.text == "Hello there" for call in api.calls_of("editMessageText")))
    Message.objects.inbound().update(run=streamed)
    Run.objects.update(status="succeeded")
    final = send(streamed.chat, "Hello **there** again", run_id=streamed.pk)

    until(lambda: Message.objects.get(pk=final.pk).delivery == "sent")
    assert api.calls_of("editMessageText")[-1].text == "Hello <b>there</b> again"
    assert Message.objects.get(pk=final.pk).external_parts == [str(draft.message_id)]
    assert len(api.sent) == 1
    assert not Draft.objects.exists()
    assert json.loads(draft.parameters["reply_parameters"])["message_id"] == 55


def test_a_draft_that_somebody_deleted_is_made_up_for_by_a_new_message(api, streamed):
    hooks.run_delta.fire(run=streamed, text="Hel")
    api.wait_for_sent(1)
    until(Draft.objects.exists)
    api.keep_failing("editMessageText", Failure(400, "Bad Request: message to edit not found"))
    Run.objects.update(status="succeeded")
    services.send_message(streamed.chat, text="Hello", run_id=streamed.pk)

    assert [call.text for call in api.wait_for_sent(2)] == ["Hel", "Hello"]


def test_without_the_option_nothing_is_shown_before_its_end(api, streamed):
    Channel.objects.update(options={"api_base": api.url})
    hooks.run_delta.fire(run=Run.objects.select_related("chat__channel").get(), text="Hel")

    time.sleep(0.3)
    assert not api.sent


def test_the_message_with_which_the_agent_begins_gets_its_reaction(api, streamed):
    announce(streamed)

    assert api.wait_for(lambda: bool(api.calls_of("setMessageReaction")))
    reaction = api.calls_of("setMessageReaction")[0].parameters
    assert (reaction["message_id"], "👀" in json.loads(reaction["reaction"])[0]["emoji"]) == ("55", True)
