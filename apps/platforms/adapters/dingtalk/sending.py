"""Sends to DingTalk: into the session while it lasts, afterwards by the OpenAPI."""

import io
import json
import logging
import time
import zipfile
from collections.abc import Mapping
from pathlib import PurePath
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from apps.chats.models import Message
from apps.platforms import error_messages
from apps.platforms.adapter_kit.downloads import host_of
from apps.platforms.adapters.dingtalk.api import Json, OpenApi, parsed
from apps.platforms.adapters.dingtalk.dialect import lined
from apps.platforms.adapters.dingtalk.errors import SESSION_HURRIED, SESSION_WAIT, refused
from apps.platforms.base import OutboundFile, OutboundPart, PlatformError

logger = logging.getLogger(__name__)

MARGIN = 30.0  # seconds before its end in which a session is not used any more
MOST_TITLE = 40  # characters; the title is what a notification shows
MOST_FILE = 20 * 1024 * 1024  # bytes ("upload media files")
FILE_TYPES = ("xlsx", "pdf", "zip", "rar", "doc", "docx")  # "sampleFile"; others are put into a zip
IN_SESSION = "session"  # the id of what went there: DingTalk tells none


class SessionRefusedError(PlatformError):
    """The session does not take it; the OpenAPI may."""


async def send_text(api: OpenApi, part: OutboundPart, context: Mapping[str, str]) -> str:
    content = {"title": part.plain.strip()[:MOST_TITLE] or "…", "text": lined(part.text)}
    if session := _session(context, api.base):
        try:
            return await _into_session(api, session, content)
        except SessionRefusedError as error:
            logger.info("%s; by the OpenAPI then", error)
    return await _by_openapi(api, part.chat_id, context, "sampleMarkdown", content)


async def send_file(api: OpenApi, part: OutboundFile, context: Mapping[str, str]) -> str:
    if len(part.content) > MOST_FILE:
        raise PlatformError(error_messages.files_up_to("DingTalk", MOST_FILE), permanent=True)
    if part.kind == Message.Kind.IMAGE:
        media_id = await api.upload("image", part.name, part.content)
        return await _by_openapi(api, part.chat_id, context, "sampleImageMsg", {"photoURL": media_id})
    name, content = _as_taken(part.name, part.content)
    media_id = await api.upload("file", name, content)
    about = {"mediaId": media_id, "fileName": name, "fileType": PurePath(name).suffix.lstrip(".").lower()}
    return await _by_openapi(api, part.chat_id, context, "sampleFile", about)


async def _into_session(api: OpenApi, session: str, content: Json) -> str:
    response = await api.post(session, json={"msgtype": "markdown", "markdown": content})
    answer = parsed(response)
    if not response.is_success:
        error = refused(response, answer)
        raise SessionRefusedError(str(error)) if error.permanent else error
    code = answer.get("errcode")
    if code in SESSION_HURRIED:
        raise _hurried()
    if code != 0:
        raise SessionRefusedError(f"DingTalk's session refused it: {str(answer.get('errmsg', ''))[:200]} ({code})")
    return IN_SESSION


async def _by_openapi(api: OpenApi, chat_id: str, context: Mapping[str, str], key: str, content: Json) -> str:
    message = {"robotCode": api.robot_code, "msgKey": key, "msgParam": json.dumps(content, ensure_ascii=False)}
    if context.get("kind") == "direct":
        return await _to_person(api, context.get("user", ""), message)
    answer = await api.call("/v1.0/robot/groupMessages/send", {**message, "openConversationId": chat_id})
    return str(answer.get("processQueryKey", ""))


async def _to_person(api: OpenApi, user: str, message: Json) -> str:
    if not user:
        sentence = _(
            "DingTalk does not tell who this is (somebody of another company): only a fresh message can be answered."
        )
        raise PlatformError(sentence, permanent=True)
    answer = await api.call("/v1.0/robot/oToMessages/batchSend", {**message, "userIds": [user]})
    if answer.get("invalidStaffIdList"):
        raise PlatformError(_("DingTalk does not know this person any more."), permanent=True)
    if answer.get("flowControlledStaffIdList"):
        raise _hurried()
    return str(answer.get("processQueryKey", ""))


def _hurried() -> PlatformError:
    return PlatformError(error_messages.asks_to_wait("DingTalk", SESSION_WAIT), retry_after=SESSION_WAIT)


def _session(context: Mapping[str, str], base: str) -> str:
    """Its address, while it lasts, and if it leads to DingTalk: answers go nowhere else."""
    address, ends = context.get("session", ""), context.get("session_ends", "")
    if not address or not ends.isdecimal() or int(ends) / 1000 < time.time() + MARGIN:
        return ""
    parts = urlsplit(address)
    is_theirs = parts.scheme == "https" and (parts.hostname or "").endswith(".dingtalk.com")
    return address if is_theirs or host_of(address) == host_of(base) else ""


def _as_taken(name: str, content: bytes) -> tuple[str, bytes]:
    if PurePath(name).suffix.lstrip(".").lower() in FILE_TYPES:
        return name, content
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(PurePath(name).name, content)
    return f"{name}.zip", packed.getvalue()
