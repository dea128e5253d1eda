"""Texts and files on their way to WhatsApp."""

import pytest

from tests.platforms.adapters.whatsapp.support import PNG
from tests.platforms.support import put, send

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_redis")]


def test_a_long_answer_arrives_in_parts(api, listeners, chat):
    listeners.start()
    send(chat, "a" * 4096 + "b")
    assert [sent.body["text"]["body"][:1] for sent in api.wait_for_calls("messages", 2)] == ["a", "b"]


def test_a_file_goes_out_an_image_is_shown(api, listeners, chat):
    listeners.start()
    put(chat, "plot.png", PNG)
    put(chat, "data.csv", b"a,b")
    image, document = (sent.body for sent in api.wait_for_calls("messages", 2))
    assert image["image"]["caption"] == "*Here*"
    assert (document["document"]["filename"], document["document"]["caption"]) == ("data.csv", "*Here*")
    assert [upload.files[0][1] for upload in api.calls_of("media")] == [PNG, b"a,b"]
