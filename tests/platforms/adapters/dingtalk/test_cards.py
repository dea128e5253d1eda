"""An answer on DingTalk's AI card while it is written, and as an ordinary message where there is no card."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from apps.agents.models import Run
from apps.agents.services import session_for
from apps.chats.models import Channel, Message
from apps.events import hooks
from apps.platforms.models import Draft
from tests.fakes.dingtalk_api import CLIENT_ID, SECRET, Answer, DingTalkApi
from tests.platforms.support import registered_chat, send, status
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

CREATE, STREAMING = "/v1.0/card/instances/createAndDeliver", "/v1.0/card/streaming"


@pytest.fixture
def ding() -> Iterator[DingTalkApi]:
    with DingTalkApi() as server:
        yield server


@pytest.fixture
def begin(
    ding: DingTalkApi, listeners: Any, fresh_redis: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """A running run in a chat whose channel has these options."""
    from apps.platforms.adapters.dingtalk.cards import CardAdapter
    from apps.platforms.status import draft_publisher

    monkeypatch.setattr(CardAdapter, "edit_every", 0.1)
    monkeypatch.setattr(draft_publisher, "EVERY", 0)

    def run(*, context=None, **options):
        known = {"client_id": CLIENT_ID, "client_secret": SECRET}
        options = {"api_base": ding.url, "stream": "yes", "card_template": "t1.schema", **options}
        channel = Channel.objects.create(platform="dingtalk", name="bot", credentials=known, options=options)
        chat = registered_chat(channel, "cidgroup")
        group = chat.group
        assert group
        chat.context = context or {"kind": "group"}
        chat.save()
        listeners.start()
        until(lambda: status() == "online")
        Message.objects.create(chat=chat, direction="in", external_id="55", text="@Andy go", calls_agent=True)
        made = Run.objects.create(session=session_for(group), chat=chat, cause="message", status="running")
        return Run.objects.select_related("session__group", "chat__channel").get(pk=made.pk)

    return run


def written(ding: DingTalkApi) -> Any:
    return [(call.body["content"], call.body["isFinalize"]) for call in ding.calls_of(STREAMING)]


def end(run: Any, text: str) -> Message:
    Message.objects.inbound().update(run=run)
    Run.objects.update(status="succeeded")
    final = send(run.chat, text, run_id=run.pk)
    until(lambda: Message.objects.get(pk=final.pk).delivery == "sent")
    return Message.objects.get(pk=final.pk)


def test_an_answer_grows_on_its_card_and_is_finished_there(ding, begin):
    run = begin()
    hooks.run_delta.fire(run=run, text="Hel")
    ding.wait_for(lambda: written(ding))
    hooks.run_delta.fire(run=run, text="lo **there**")
    ding.wait_for(lambda: ("Hello **there**", False) in written(ding))
    final = end(run, "Hello **there** again")

    card = ding.calls_of(CREATE)[0].body
    assert (card["cardTemplateId"], card["openSpaceId"]) == ("t1.schema", "dtv1.card//IM_GROUP.cidgroup")
    assert card["cardData"]["cardParamMap"] == {"content": ""}
    assert written(ding)[-1] == ("Hello **there** again", True)
    assert final.external_parts == [card["outTrackId"]]
    assert not ding.calls_of("groupMessages")
    assert not Draft.objects.exists()


def test_a_person_has_the_card_in_the_direct_chat_and_the_field_has_its_name(ding, begin):
    run = begin(context={"kind": "direct", "user": "staff42"}, card_key="answer")
    hooks.run_delta.fire(run=run, text="Hello")
    ding.wait_for(lambda: written(ding))

    assert ding.calls_of(CREATE)[0].body["openSpaceId"] == "dtv1.card//IM_ROBOT.staff42"
    assert ding.calls_of(STREAMING)[0].body["key"] == "answer"
    end(run, "Hello")


def test_without_a_template_the_answer_comes_whole(ding, begin):
    run = begin(card_template="")
    hooks.run_delta.fire(run=run, text="Hello")
    time.sleep(0.3)
    end(run, "Hello")

    assert not ding.calls_of(CREATE)
    assert len(ding.calls_of("groupMessages")) == 1


def test_a_card_that_dingtalk_refuses_leaves_the_answer_whole(ding, begin):
    run = begin()
    ding.fail(CREATE, *[Answer(400, {"code": "param.templateNotExist", "message": "no such template"})] * 20)
    hooks.run_delta.fire(run=run, text="Hello")
    ding.wait_for(lambda: ding.calls_of(CREATE))
    end(run, "Hello there")

    assert not written(ding)
    assert len(ding.calls_of("groupMessages")) == 1


def test_a_card_that_breaks_at_its_end_is_followed_by_a_message(ding, begin):
    run = begin()
    hooks.run_delta.fire(run=run, text="Hello")
    ding.wait_for(lambda: written(ding))
    until(Draft.objects.exists)
    ding.fail(STREAMING, *[Answer(404, {"code": "cardNotExist", "message": "gone"})] * 20)
    end(run, "Hello there")

    assert len(ding.calls_of("groupMessages")) == 1
