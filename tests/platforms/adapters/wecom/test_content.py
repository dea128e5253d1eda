"""What a message contains, and what stands for things without words."""

import pytest

from apps.platforms.adapters.wecom import payloads
from tests.fakes.wecom_api import AGENT_ID, CORP_ID, app_message

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_redis")]


@pytest.mark.parametrize(
    ("given", "kind", "text"),
    [
        ({"Content": "<!DOCTYPE html> 1 < 2"}, "text", "<!DOCTYPE html> 1 < 2"),
        ({"MsgType": "image", "MediaId": "M"}, "image", "[photo]"),
        ({"MsgType": "voice", "MediaId": "M", "Format": "amr"}, "voice", "[voice message]"),
        ({"MsgType": "video", "MediaId": "M"}, "video", "[video]"),
        ({"MsgType": "link", "Title": "T", "Url": "https://x.y"}, "text", "T\nhttps://x.y"),
        ({"MsgType": "location", "Location_X": "1", "Location_Y": "2", "Label": "H"}, "other", "[location: H 1, 2]"),
        ({"MsgType": "something_new"}, "other", "[something_new]"),
    ],
)  # fmt: skip
def test_each_kind_of_an_apps_messages(given, kind, text):
    ((message,),) = payloads.events(app_message(**given).encode(), corp_id=CORP_ID, agent_id=AGENT_ID)
    assert (message.kind, message.text, len(message.attachments)) == (kind, text, int("MediaId" in given))
