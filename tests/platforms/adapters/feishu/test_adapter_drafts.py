"""An answer that is shown while it is written, and the reaction under the message that it answers."""

from typing import Any

import pytest

from apps.agents.models import Run
from apps.agents.services import announce, session_for
from apps.chats import services
from apps.chats.models import Channel, Message
from apps.events import hooks
from apps.platforms.adapters.feishu.adapter import FeishuAdapter
from apps.platforms.status import draft_publisher
from tests.fakes.feishu_api import Failure, FeishuApi
from tests.platforms.support import outbound, status
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def streamed(api: FeishuApi, listeners: Any, fresh_redis: None, chat: Any, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A running run in a chat whose channel shows answers while they are written."""
    monkeypatch.setattr(FeishuAdapter, "edit_every", 0.1)
    monkeypatch.setattr(draft_publisher, "EVERY", 0)
    Channel.objects.update(options={"api_base": api.url, "stream": "yes", "ack_reaction": "👀"})
    listeners.start()
    until(lambda: status() == "online")
    Message.objects.create(chat=chat, direction="in", external_id="om_55", text="@Andy go", calls_agent=True)
    run = Run.objects.create(session=session_for(chat.group), chat=chat, cause="message", status="running")
    return Run.objects.select_related("session__group", "chat__channel").get(pk=run.pk)


def test_an_answer_is_shown_in_a_card_while_it_is_written(api, streamed):
    api.fail("patch", Failure(230099, "Failed to create card content"))
    hooks.run_delta.fire(run=streamed, text="Hel")
    draft = api.wait_for_sent(1)[0]
    assert (draft.target, draft.body["msg_type"]) == ("om_55", "interactive")
    hooks.run_delta.fire(run=streamed, text="lo")
    assert api.wait_for(lambda: any(call.text == "Hello" for call in api.calls_of("patch")))
    Message.objects.inbound().update(run=streamed)
    Run.objects.update(status="succeeded")
    services.send_message(streamed.chat, text="Hello **there**", run_id=streamed.pk)
    until(lambda: outbound("sent") == 1)
    last = api.calls_of("patch")[-1]
    assert (last.target, last.text) == (draft.message_id, "Hello **there**")
    assert len(api.sent) == 1


def test_the_message_with_which_the_agent_begins_gets_its_reaction(api, streamed):
    announce(streamed)
    assert api.wait_for(lambda: bool(api.calls_of("react")))
    call = api.calls_of("react")[0]
    assert (call.target, call.body) == ("om_55", {"reaction_type": {"emoji_type": "GLANCE"}})
