"""Sends to Feishu: a text where there is no markup, otherwise a card; a card that is refused goes out plain."""

import json
import logging
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

from apps.chats.models import Message
from apps.platforms import error_messages
from apps.platforms.adapters.feishu.api import Json, OpenApi
from apps.platforms.adapters.feishu.dialect import harmless
from apps.platforms.adapters.feishu.errors import CARD_REFUSED, GONE, RefusedError
from apps.platforms.base import Button, OutboundFile, OutboundPart, PlatformError
from apps.platforms.outbound.question_parts import written

logger = logging.getLogger(__name__)

MOST_IMAGE = 10 * 1024 * 1024  # bytes ("Upload image"); a larger one goes as a file
MOST_FILE = 30 * 1024 * 1024  # bytes ("Upload file")
SHOWN = {"image/jpeg", "image/png", "image/webp", "image/gif", "image/tiff", "image/bmp", "image/x-icon"}
FILE_TYPES = {
    ".pdf": "pdf",
    ".doc": "doc",
    ".docx": "doc",
    ".xls": "xls",
    ".xlsx": "xls",
    ".ppt": "ppt",
    ".pptx": "ppt",
}


async def send_text(api: OpenApi, part: OutboundPart, *, editable: bool) -> str:
    """`editable`: as a card in any case, which can be patched as often as one likes."""
    if not editable and part.text == part.plain and not part.buttons:
        return await _deliver(api, part, "text", {"text": harmless(part.plain)})
    try:
        return await _deliver(api, part, "interactive", card(part.text, part.buttons))
    except RefusedError as error:
        if error.code not in CARD_REFUSED:
            raise
        logger.warning("Feishu refused the card, sent without markup: %s", error)
    return await _deliver(api, part, "interactive", plain_card(written(part).plain))


async def edit_card(api: OpenApi, message_id: str, part: OutboundPart) -> None:
    path = f"/im/v1/messages/{message_id}"
    try:
        await api.call("PATCH", path, json={"content": _json(card(part.text))})
    except RefusedError as error:
        if error.code not in CARD_REFUSED:
            raise
        logger.warning("Feishu refused the card, shown without markup: %s", error)
        await api.call("PATCH", path, json={"content": _json(plain_card(part.plain))})


async def send_file(api: OpenApi, part: OutboundFile) -> str:
    if not part.content:
        raise PlatformError(error_messages.no_empty_files("Feishu"), permanent=True)
    if part.kind == Message.Kind.IMAGE and part.mime in SHOWN and len(part.content) <= MOST_IMAGE:
        answer = await _upload(api, "/im/v1/images", part, {"image_type": "message"}, "image")
        return await _deliver(api, part, "image", {"image_key": _told(answer, "image_key")})
    if len(part.content) > MOST_FILE:
        raise PlatformError(error_messages.files_up_to("Feishu", MOST_FILE), permanent=True)
    file_type = FILE_TYPES.get(PurePath(part.name).suffix.lower(), "stream")
    answer = await _upload(api, "/im/v1/files", part, {"file_type": file_type, "file_name": part.name}, "file")
    return await _deliver(api, part, "file", {"file_key": _told(answer, "file_key")})


async def _upload(api: OpenApi, path: str, part: OutboundFile, fields: dict[str, str], field: str) -> Json:
    return await api.call("POST", path, data=fields, files={field: (part.name, part.content, part.mime or None)})


async def _deliver(api: OpenApi, part: OutboundPart | OutboundFile, kind: str, content: Json) -> str:
    """Under what it answers; if that is gone, in its thread; if that is gone, in the chat."""
    message: Json = {"msg_type": kind, "content": _json(content)}
    if part.idempotency_key:
        message["uuid"] = part.idempotency_key
    for answered in filter(None, (part.reply_to, part.thread_id)):
        try:
            reply = {**message, "reply_in_thread": bool(part.thread_id)}
            return _told(await api.call("POST", f"/im/v1/messages/{answered}/reply", json=reply), "message_id")
        except RefusedError as error:
            if error.code not in GONE:
                raise
            logger.info("what is answered in %s is gone: %s", part.chat_id, error)
    new = {**message, "receive_id": part.chat_id}
    answer = await api.call("POST", "/im/v1/messages", params={"receive_id_type": "chat_id"}, json=new)
    return _told(answer, "message_id")


def card(markdown: str, buttons: Iterable[Button] = ()) -> Json:
    return _card({"tag": "markdown", "content": markdown}, *map(_button, buttons))


def plain_card(text: str) -> Json:
    return _card({"tag": "div", "text": {"tag": "plain_text", "content": text}})


def _card(*elements: Json) -> Json:
    return {"schema": "2.0", "config": {"update_multi": True}, "body": {"elements": list(elements)}}


def _button(button: Button) -> Json:
    """In cards of JSON 2.0: what it says comes back as the value of `card.action.trigger`."""
    words = {"tag": "plain_text", "content": button.label}
    return {"tag": "button", "text": words, "behaviors": [{"type": "callback", "value": {"answer": button.token}}]}


def _json(content: Json) -> str:
    return json.dumps(content, ensure_ascii=False)


def _told(answer: Json, key: str) -> str:
    data: Any = answer.get("data")
    found = data.get(key) if isinstance(data, dict) else None
    if not isinstance(found, str) or not found:
        raise PlatformError(error_messages.not_understood("Feishu", key), ambiguous=True)
    return found
