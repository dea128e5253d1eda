"""Texts, cards and files on their way to Feishu."""

import json
from typing import Any

import pytest

from apps.chats import services
from apps.chats.models import Message
from apps.chats.workspace.folders import workspace
from apps.platforms.adapters.feishu import sending
from tests.fakes.feishu_api import Failure
from tests.fakes.stand_in import Cut
from tests.platforms.support import outbound, send
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_thread_is_answered_where_it_was_asked(api, listeners, chat):
    listeners.start()
    first = api.say("@Andy a topic", thread_id="omt_1")
    second = api.say("@Andy more", thread_id="omt_1", root_id=first, parent_id=first)
    until(lambda: Message.objects.filter(thread_id=first).count() == 2)
    send(chat, "in the thread", thread_id=first)
    send(chat, "to the second", thread_id=first, reply_to=second)
    calls = api.wait_for_sent(2)
    assert [(call.target, call.body["reply_in_thread"]) for call in calls] == [(first, True), (second, True)]


PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 500


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


def test_what_is_answered_may_be_gone(api, listeners, chat):
    api.keep_failing("reply", Failure(230011, "The message was withdrawn."))
    listeners.start()
    send(chat, "hi", reply_to="om_gone")
    (sent,) = api.wait_for_sent(1)
    assert (sent.name, sent.body["receive_id"]) == ("send", "oc_team")


def put(chat: Any, name: str, content: bytes) -> Message:
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
