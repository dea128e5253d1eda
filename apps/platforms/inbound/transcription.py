"""Voice messages as text, by any endpoint with OpenAI's audio API (platform.openai.com/docs/api-reference/audio)."""

import asyncio
import logging
from typing import IO

import httpx
from django.conf import settings
from django.utils.translation import gettext as _

from apps.agents.sandbox import workspace_files
from apps.chats.models import Attachment, Group, Message

logger = logging.getLogger(__name__)

MOST_CHARACTERS = 20_000
TYPE = "application/octet-stream"


class TranscriptionError(Exception):
    """Why there is no text, in a sentence without secrets."""


def is_wanted(attachment: Attachment) -> bool:
    return attachment.kind == Message.Kind.VOICE and bool(settings.TRANSCRIPTION_URL)


async def transcript(group: Group, path: str, mime: str) -> str:
    """What is said in the group's file; raises TranscriptionError."""
    try:
        file, _size = await asyncio.to_thread(workspace_files.open_inside, group, path)
    except workspace_files.FileRefusedError as error:
        raise TranscriptionError(str(error)) from error
    with file:
        try:
            async with asyncio.timeout(settings.TRANSCRIPTION_TIMEOUT):
                answer = await _ask(file, path.rpartition("/")[2], mime or TYPE)
        except TimeoutError as error:
            raise TranscriptionError(_("No answer within %g s.") % settings.TRANSCRIPTION_TIMEOUT) from error
        except httpx.HTTPError as error:
            raise TranscriptionError(_("The endpoint cannot be reached (%s).") % type(error).__name__) from error
    return _text_of(answer)


async def _ask(file: IO[bytes], name: str, mime: str) -> httpx.Response:
    key = settings.TRANSCRIPTION_API_KEY
    headers = {"authorization": f"Bearer {key}"} if key else {}
    async with httpx.AsyncClient(timeout=settings.TRANSCRIPTION_TIMEOUT) as client:
        return await client.post(
            f"{settings.TRANSCRIPTION_URL}/audio/transcriptions",
            headers=headers,
            data={"model": settings.TRANSCRIPTION_MODEL, "response_format": "json"},
            files={"file": (name, file, mime)},
        )


def _text_of(answer: httpx.Response) -> str:
    if answer.status_code in (401, 403):
        raise TranscriptionError(_("The endpoint refuses the key; check TRANSCRIPTION_API_KEY."))
    if answer.status_code != httpx.codes.OK:
        raise TranscriptionError(_("The endpoint answered %s.") % answer.status_code)
    try:
        text = answer.json()["text"]
    except (ValueError, KeyError, TypeError) as error:
        raise TranscriptionError(_("The endpoint's answer is no transcription.")) from error
    text = str(text).strip()
    if len(text) > MOST_CHARACTERS:
        return f"{text[:MOST_CHARACTERS]} [cut here: {len(text) - MOST_CHARACTERS} more characters are left out]"
    return text
