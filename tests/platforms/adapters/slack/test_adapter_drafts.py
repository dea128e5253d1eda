"""An answer that is shown while it is written, and the reaction under the message that it answers."""

from typing import Any

import pytest

from apps.agents.models import Run
from apps.agents.services import announce, session_for
from apps.chats import services
from apps.chats.models import Message
from apps.events import hooks
from apps.platforms.models import Draft
from tests.fakes.slack_api import Failure, SlackApi
from tests.platforms.adapters.slack.support import online, slack_channel
from tests.platforms.support import outbound, registered_chat
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def streamed(api: SlackApi, listeners: Any, fresh_redis: None, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A running run in a thread of a chat whose channel shows answers while they are written."""
    from apps.platforms.adapters.slack.adapter import SlackAdapter
    from apps.platforms.status import draft_publisher

    monkeypatch.setattr(SlackAdapter, "edit_every", 0.1)
    monkeypatch.setattr(SlackAdapter, "chat_rate", lambda self, chat_id: None)
    monkeypatch.setattr(draft_publisher, "EVERY", 0)
    chat = registered_chat(slack_channel(api, options={"stream": "yes", "ack_reaction": "👀"}), "C1")
    online(listeners)
    assert chat.group
    place = {"chat": chat, "thread_id": "1700000000.000100"}
    asked = {"external_id": "1700000000.000200", "text": "<@UBOT> go", "calls_agent": True}
    Message.objects.create(direction="in", **place, **asked)
    run = Run.objects.create(session=session_for(chat.group), cause="message", status="running", **place)
    return Run.objects.select_related("session__group", "chat__channel").get(pk=run.pk)


def test_an_answer_is_shown_while_it_is_written_and_then_replaced(api, streamed):
    hooks.run_delta.fire(run=streamed, text="Hel")
    draft = api.wait_for_sent(1)[0]
    hooks.run_delta.fire(run=streamed, text="lo there")
    assert api.wait_for(lambda: any(call.text == "Hello there" for call in api.calls_of("chat.update")))
    Message.objects.inbound().update(run=streamed)
    Run.objects.update(status="succeeded")
    services.send_message(streamed.chat, text="Hello **there** again", run_id=streamed.pk, thread_id=streamed.thread_id)

    until(lambda: outbound("sent") == 1)
    last = api.calls_of("chat.update")[-1]
    assert (last.text, last.parameters["ts"], last.parameters["channel"]) == ("Hello *there* again", draft.ts, "C1")
    assert draft.parameters["thread_ts"] == "1700000000.000100"
    assert len(api.sent) == 1
    assert not Draft.objects.exists()


def test_a_draft_that_somebody_deleted_is_made_up_for_by_a_new_message(api, streamed):
    hooks.run_delta.fire(run=streamed, text="Hel")
    api.wait_for_sent(1)
    until(Draft.objects.exists)
    api.keep_failing("chat.update", Failure("message_not_found"))
    Run.objects.update(status="succeeded")
    services.send_message(streamed.chat, text="Hello", run_id=streamed.pk)

    assert [call.text for call in api.wait_for_sent(2)] == ["Hel", "Hello"]


@pytest.mark.parametrize("again", [False, True])
def test_the_message_with_which_the_agent_begins_gets_its_reaction(api, streamed, again, caplog):
    if again:
        api.fail("reactions.add", Failure("already_reacted"))
    announce(streamed)

    assert api.wait_for(lambda: api.calls_of("reactions.add"))
    given = api.calls_of("reactions.add")[0].parameters
    assert (given["channel"], given["timestamp"], given["name"]) == ("C1", "1700000000.000200", "eyes")
    assert "not acknowledged" not in caplog.text
