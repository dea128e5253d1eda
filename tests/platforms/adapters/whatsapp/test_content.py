"""What a message contains, and what stands for things without words."""

import pytest

from apps.platforms.adapters.whatsapp.payloads import events
from apps.platforms.base import Batch
from tests.fakes.whatsapp_api import PHONE_ID, message, notification, value

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_redis")]


@pytest.mark.parametrize(
    ("given", "kind", "text"),
    [
        ({"type": "button", "button": {"text": "Yes"}}, "text", "Yes"),
        ({"type": "interactive", "interactive": {"list_reply": {"title": "Two"}}}, "text", "Two"),
        ({"type": "location", "location": {"latitude": 1.5, "longitude": 2.5}}, "other", "[location: 1.5, 2.5]"),
        ({"type": "contacts", "contacts": [{}]}, "other", "[contacts]"),
        ({"type": "unsupported"}, "other", "[unsupported]"),
        ({"type": "image", "image": {"id": "M1", "caption": "look"}}, "image", "look\n[photo]"),
        ({"type": "audio", "audio": {"id": "M1", "voice": True}}, "voice", "[voice message]"),
        ({"type": "document", "document": {"id": "M1", "filename": "a.pdf"}}, "file", "[file: a.pdf]"),
        ({"type": "sticker", "sticker": {"id": "M1"}}, "sticker", "[sticker]"),
    ],
)
def test_each_kind_of_message(given, kind, text):
    (batch,) = events(notification(value(message(**given))).encode(), PHONE_ID)
    assert isinstance(batch, Batch)
    assert (batch[0].kind, batch[0].text) == (kind, text)
