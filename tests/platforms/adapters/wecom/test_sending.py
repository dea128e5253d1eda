"""Texts and files on their way to WeCom."""

import pytest

from apps.chats.models import Channel, Message
from apps.platforms.adapters.wecom.sending import Repeats
from tests.fakes.json_api import Answer
from tests.fakes.stand_in import Cut
from tests.fakes.wecom_api import error
from tests.platforms.adapters.wecom.support import PNG
from tests.platforms.support import age, outbound, put, send
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_redis")]


def test_what_has_no_markup_and_whatever_the_channel_wants_plain_goes_as_text(api, listeners, chat):
    Channel.objects.update(options={"api_base": api.url, "markup": "no"})
    listeners.start()
    send(chat, "**Hi** Ann")
    assert api.wait_for_calls("message/send")[0].body["text"] == {"content": "Hi Ann"}


def test_markup_that_is_refused_goes_plain(api, listeners, chat):
    api.fail("message/send", Answer(200, error(40008, "invalid message type")))
    send(chat, "**Hi**")
    listeners.start()
    assert api.wait_for_calls("message/send")[0].body["text"] == {"content": "Hi"}


def test_the_limit_counts_bytes(api, listeners, chat):
    listeners.start()
    send(chat, "好" * 1000)
    parts = [sent.body["text"]["content"] for sent in api.wait_for_calls("message/send", 2)]
    assert [len(part) for part in parts] == [682, 318]


def test_a_file_goes_out_an_image_is_shown(api, listeners, chat):
    listeners.start()
    put(chat, "plot.png", PNG)
    put(chat, "data.csv", b"a,b,c,d")
    image, caption, file, _ = (sent.body for sent in api.wait_for_calls("message/send", 4))
    assert (image["msgtype"], caption["msgtype"], file["msgtype"]) == ("image", "markdown", "file")
    uploads = api.calls_of("media/upload")
    assert [(each.query["type"], each.files[0]) for each in uploads] == [
        ("image", ("plot.png", PNG)),
        ("file", ("data.csv", b"a,b,c,d")),
    ]


def test_what_is_sent_again_is_dropped_by_wecom_and_what_is_meant_twice_is_not():
    repeats, message = Repeats(), {"touser": "ann", "text": {"content": "Drink water."}}
    assert repeats.to_be_dropped(message, "1-0") == 1
    assert repeats.to_be_dropped(message, "1-0") == 1  # nobody knew whether it had arrived
    assert repeats.to_be_dropped(message, "2-0") == 0
    assert repeats.to_be_dropped({**message, "touser": "bob"}, "3-0") == 1


def test_a_connection_cut_before_the_answer_is_sent_again_as_the_same(api, listeners, chat):
    api.fail("message/send", Cut(done=True))
    send(chat, "hi")
    listeners.start()
    until(lambda: outbound("sent") == 1)
    assert [sent.body["enable_duplicate_check"] for sent in api.sent] == [1, 1]


def test_an_old_message_of_which_nobody_knows_is_left_for_a_person(api, listeners, chat):
    api.fail("message/send", Cut(done=True))
    age(send(chat, "hi"), minutes=16)
    listeners.start()
    until(lambda: outbound("unknown") == 1)
    assert len(api.sent) == 1


def test_a_person_whom_wecom_does_not_know_is_no_success(api, listeners, chat):
    api.unknown_users = {"ann"}
    send(chat, "hi")
    listeners.start()
    until(lambda: outbound("failed") == 1)
    assert "does not know this person" in Message.objects.get().error
