"""What a message contains, and what stands for things without words."""

from typing import Any

import pytest

from apps.platforms.base import PayloadError
from tests.platforms.adapters.discord.support import ANN, translated


@pytest.mark.parametrize(
    ("fields", "text", "kind"),
    [
        ({"content": "hi"}, "hi", "text"),
        ({"content": "hi <@!42> <#600>", "mentions": [ANN]}, "hi @Ann <#600>", "text"),
        ({"attachments": [{"url": "u", "filename": "a.mp4", "content_type": "video/mp4"}]}, "[video: a.mp4]", "video"),
        ({"attachments": [{"url": "u", "filename": "a.zip"}]}, "[file: a.zip]", "file"),
        ({"attachments": [{"url": "u", "filename": "v.ogg"}], "flags": 1 << 13}, "[voice message]", "voice"),
        ({"content": "a", "sticker_items": [{"id": "1", "name": "x", "format_type": 3}]}, "a\n[sticker: x]", "sticker"),
        ({"poll": {"question": {"text": "When?"}}}, "[poll: When?]", "other"),
        ({"embeds": [{"title": "News", "description": "today"}]}, "[embed: News: today]", "other"),
        ({"components": [{"type": 17}]}, "[components]", "other"),
        (
            {"message_reference": {"type": 1, "message_id": "7"}, "message_snapshots": [{"message": {"content": "o"}}]},
            "[forwarded]\no",
            "other",
        ),
    ],
)  # fmt: skip
def test_each_kind_of_message_is_told(fields, text, kind):
    message = translated(**fields)
    assert (message.text, message.kind, message.reply_to) == (text, kind, "")


def test_snapshots_in_snapshots_without_end_are_refused():
    deep: dict[str, Any] = {"content": "x"}
    for _ in range(3000):
        deep = {"message_snapshots": [{"message": deep}]}
    with pytest.raises(PayloadError):
        translated(**deep)
