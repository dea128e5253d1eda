"""Files that go out, through the real listeners and a Bot API that speaks the wire."""

import pytest

from apps.chats.models import Message
from apps.chats.workspace.folders import workspace
from apps.platforms.adapters.web.adapter import WebAdapter
from apps.platforms.base import OutboundFile, OutboundPart, PlatformError
from apps.platforms.outbound import parts
from tests.platforms.support import PNG, put, send
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_folders")]


def test_a_file_is_sent_with_its_caption(api, listeners, chat):
    listeners.start()
    put(chat, "report.txt")

    assert api.wait_for(lambda: api.uploads == [("report.txt", b"hello")])
    assert api.calls_of("sendDocument")[0].parameters["caption"] == "<b>Here</b>"
    assert until(lambda: Message.objects.outbound().get().delivery == "sent")


def test_an_image_is_shown(api, listeners, chat):
    listeners.start()
    put(chat, "plot.png", PNG)

    assert api.wait_for(lambda: api.uploads == [("plot.png", PNG)])
    assert api.calls_of("sendPhoto")


def test_a_file_that_is_gone_or_became_a_link_is_not_sent(api, listeners, chat, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    message = put(chat, "report.txt")
    (workspace(chat.group) / "report.txt").unlink()
    (workspace(chat.group) / "report.txt").symlink_to(secret)
    listeners.start()

    assert until(lambda: Message.objects.get(pk=message.pk).delivery == "failed")
    assert not api.uploads


class Fileless(WebAdapter):
    """A platform of short texts that takes no files."""

    dialect = "plain"
    files = False


def test_the_same_message_gives_the_same_parts_and_only_the_first_answers(chat):
    message = send(chat, "word " * 3000, reply_to="55")
    found = parts.pieces(message, Fileless(chat.channel))
    assert len(found) > 1
    assert [piece.reply_to for piece in found] == ["55", *[""] * (len(found) - 1)]
    assert len({piece.idempotency_key for piece in found}) == len(found)
    assert parts.pieces(message, Fileless(chat.channel)) == found


def test_where_files_cannot_be_sent_their_names_are_said(chat):
    message = put(chat, "report.txt")
    (said,) = parts.pieces(message, Fileless(chat.channel))
    assert isinstance(said, OutboundPart)
    assert said.text == "Here\n\n[report.txt: files cannot be sent here]"
    (file,) = parts.pieces(message, WebAdapter(chat.channel))
    assert isinstance(file, OutboundFile)
    assert (file.name, file.content, file.caption) == ("report.txt", b"hello", "**Here**")


def test_a_file_that_grew_too_large_and_an_empty_message_are_refused_for_good(chat, settings):
    message = put(chat, "report.txt")
    settings.MEDIA_LIMIT = 3
    with pytest.raises(PlatformError, match="too large by now") as refused:
        parts.pieces(message, WebAdapter(chat.channel))
    assert refused.value.permanent
    message = send(chat, "x")
    message.text = ""
    with pytest.raises(PlatformError, match="nothing in it"):
        parts.pieces(message, WebAdapter(chat.channel))
