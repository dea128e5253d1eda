"""What stands for things without words."""

import pytest

from tests.platforms.adapters.telegram.support import read

FILE = {"file_id": "f", "file_unique_id": "u"}


@pytest.mark.parametrize(
    ("thing", "kind", "text"),
    [
        ({"voice": {**FILE, "duration": 1}}, "voice", "[voice message]"),
        ({"document": {**FILE, "file_name": "a.pdf"}}, "file", "[file: a.pdf]"),
        ({"video": {**FILE, "width": 1, "height": 1, "duration": 1}}, "video", "[video]"),
        ({"location": {"longitude": 1.0, "latitude": 2.0}}, "other", "[location]"),
        (
            {
                "sticker": {
                    **FILE,
                    "width": 1,
                    "height": 1,
                    "emoji": "👍",
                    "type": "regular",
                    "is_animated": False,
                    "is_video": False,
                }
            },
            "sticker",
            "[sticker: 👍]",
        ),
    ],
)
def test_things_without_words_have_a_placeholder(thing, kind, text):
    message = read(**thing)
    assert (message.kind, message.text) == (kind, text)
