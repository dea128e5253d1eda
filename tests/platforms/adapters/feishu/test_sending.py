"""What goes out to Feishu: texts, cards, files, drafts, reactions; and what Feishu says to it."""

import json

import pytest

from apps.agents.models import Run
from apps.agents.services import announce, session_for
from apps.chats import services
from apps.chats.models import Channel, Message
from apps.chats.workspace.folders import workspace
from apps.events import hooks
from apps.platforms.adapters.feishu import sending
from apps.platforms.adapters.feishu.adapter import FeishuAdapter
from apps.platforms.adapters.feishu.emoji import reaction
from apps.platforms.status import draft_publisher
from tests.fakes.feishu_api import Failure
from tests.fakes.stand_in import Cut, Garbage
from tests.platforms.support import outbound, send, status
from tests.waiting import until

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 500

pytestmark = pytest.mark.django_db(transaction=True)


def test_markup_goes_out_as_a_card_and_a_refused_card_without(api, listeners, chat):
    api.fail("send", Failure(230099, "Failed to create card content, ErrCode: 11310"))
    listeners.start()
    send(chat, "**bold** <at id=all></at>")
    (sent,) = api.wait_for_sent(1)
    refused = api.calls_of("send")[0]
    assert refused.text == "**bold** &#60;at id=all&#62;&#60;/at&#62;"
    element = sent.content["body"]["elements"][0]
    assert element == {"tag": "div", "text": {"tag": "plain_text", "content": "bold <at id=all></at>"}}
    assert sent.query == {"receive_id_type": "chat_id"}
    assert sent.body["receive_id"] == "oc_team"


def test_a_long_text_is_split_by_bytes(api, listeners, chat):
    listeners.start()
    send(chat, "你" * 20_000)
    until(lambda: outbound("sent") == 1)
    assert "".join(call.text for call in api.sent) == "你" * 20_000
    assert all(len(json.dumps(call.body, ensure_ascii=False).encode()) < 12_300 for call in api.sent)


def test_a_connection_cut_before_the_answer_makes_no_second_message(api, listeners, chat):
    api.fail("send", Cut(done=True))
    listeners.start()
    send(chat, "hi")
    until(lambda: outbound("sent") == 1)
    assert len(api.calls_of("send")) == 2
    assert len(api.sent) == 1


def test_rate_limited_waits_as_told(api, listeners, chat):
    api.fail("send", Failure(99991400, "request trigger frequency limit", 429, {"x-ogw-ratelimit-reset": "1"}))
    listeners.start()
    send(chat, "one")
    send(chat, "two")
    one, two = api.wait_for_sent(2)
    assert (one.text, two.text) == ("one", "two")
    assert one.at - api.calls_of("send")[0].at >= 0.9


def test_a_permanent_refusal_fails_at_once_with_a_sentence(api, listeners, chat):
    api.fail("send", Failure(230002, "Bot/User can NOT be out of the chat."))
    listeners.start()
    send(chat, "hi")
    until(lambda: outbound("failed") == 1)
    assert "out of the chat" in Message.objects.get().error


@pytest.mark.parametrize(
    "trouble", [Garbage(), Garbage(b"[]"), Garbage(b'{"code": 0, "data": []}'), Failure(1, status=500)]
)
def test_temporary_trouble_is_tried_again(api, listeners, chat, trouble):
    api.fail("send", trouble)
    listeners.start()
    send(chat, "hi")
    api.wait_for_sent(1)
    until(lambda: outbound("sent") == 1)
    assert [call.answered for call in api.calls_of("send")] == [False, True]


def test_a_token_that_ended_early_is_renewed_once_for_all(api, listeners, chat):
    listeners.start()
    until(lambda: status() == "online")
    api.expire_tokens()
    send(chat, "hi")
    api.wait_for_sent(1)
    assert len(api.calls_of("token")) == 2


def test_what_is_answered_may_be_gone(api, listeners, chat):
    api.keep_failing("reply", Failure(230011, "The message was withdrawn."))
    listeners.start()
    send(chat, "hi", reply_to="om_gone")
    (sent,) = api.wait_for_sent(1)
    assert (sent.name, sent.body["receive_id"]) == ("send", "oc_team")


def put(chat, name, content):
    (workspace(chat.group) / name).write_bytes(content)
    return services.send_file(chat, path=name, name=name, size=len(content), caption="Here")


def test_an_image_is_shown_and_a_file_is_kept_with_the_caption_behind(api, listeners, chat):
    listeners.start()
    put(chat, "plot.png", PNG)
    put(chat, "report.pdf", b"%PDF")
    image, _, file, caption = api.wait_for_sent(4)
    assert api.uploads == [("plot.png", PNG), ("report.pdf", b"%PDF")]
    assert (image.body["msg_type"], image.content) == ("image", {"image_key": "img_up"})
    assert (file.body["msg_type"], file.content) == ("file", {"file_key": "file_up"})
    assert api.calls_of("file")[0].body == {"file_type": "pdf", "file_name": "report.pdf"}
    assert caption.text == "Here"
    assert len({call.body["uuid"] for call in api.sent}) == 4


def test_a_file_above_the_platforms_limit_is_refused_before_it_travels(api, listeners, chat, monkeypatch):
    monkeypatch.setattr(sending, "MOST_FILE", 3)
    listeners.start()
    put(chat, "report.pdf", b"%PDF")
    until(lambda: outbound("failed") == 1)
    assert "takes files up to" in Message.objects.get().error
    assert not api.uploads


# While the agent works.


@pytest.fixture
def streamed(api, listeners, fresh_redis, chat, monkeypatch):
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


def test_reactions_have_names():
    assert [reaction(emoji) for emoji in ("👍", "❤️", "OnIt", "🦄", "../x")] == ["THUMBSUP", "HEART", "OnIt", "", ""]
