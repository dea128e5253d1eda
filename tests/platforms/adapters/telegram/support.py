from typing import Any

from telegram import Update

from apps.platforms.adapters.telegram.payloads import Me, inbound

ME = Me(id=99, username="my_bot")
ANN = {"id": 42, "is_bot": False, "first_name": "Ann", "last_name": "Lee"}
BOT = {"id": 99, "is_bot": True, "first_name": "Andy", "username": "my_bot"}
GROUP = {"id": -1001, "type": "supergroup", "title": "Team"}
RECORDED: dict[str, Any] = {
    "update_id": 5,
    "message": {
        "message_id": 7,
        "date": 1700000000,
        "chat": {"id": -1001, "type": "supergroup", "title": "Team", "is_forum": True},
        "from": {"id": 42, "is_bot": False, "first_name": "Ann", "username": "ann"},
        "message_thread_id": 3,
        "is_topic_message": True,
        "media_group_id": "g",
        "caption": "@my_bot look",
        "caption_entities": [{"type": "mention", "offset": 0, "length": 7}],
        "photo": [{"file_id": "a", "file_unique_id": "b", "width": 1, "height": 2, "file_size": 3}],
        "reply_to_message": {
            "message_id": 6, "date": 1700000000, "chat": {"id": -1001, "type": "supergroup"}, "text": "before",
            "from": {"id": 1, "is_bot": True, "first_name": "Andy"},
        },
        "quote": {"text": "be", "position": 0},
    },
}  # fmt: skip


def update(**message: Any) -> Update:
    base = {"message_id": 7, "date": 1_700_000_000, "chat": GROUP, "from": ANN}
    found = Update.de_json({"update_id": 1, "message": {**base, **message}}, None)
    assert found
    return found


def read(**message: Any) -> Any:
    return inbound(update(**message), ME)
