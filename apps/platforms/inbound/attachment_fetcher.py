"""Fetches the files that came with messages, side by side; one too large or too slow becomes a placeholder."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.agents.sandbox import workspace_files
from apps.chats.models import Attachment
from apps.platforms.aio.database import in_database
from apps.platforms.aio.task_set import to_the_end
from apps.platforms.aio.wake import told
from apps.platforms.base import Adapter, PlatformError
from apps.platforms.inbound import attachments, transcription
from apps.platforms.inbound.attachments import Fetched

logger = logging.getLogger(__name__)

SWEEP = 1.0  # seconds between looks when nobody tells
AT_ONCE = 4  # downloads on one channel
LOOK = 0.1  # seconds between looks for a connection


class Fetcher:
    """One task for each file; a channel that hangs holds only its own files up."""

    def __init__(self, adapters: Callable[[], Mapping[int, Adapter]]) -> None:
        self._adapters = adapters
        self._fetching: dict[int, asyncio.Task[None]] = {}
        self._slots: dict[int, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(AT_ONCE))
        self._wake = asyncio.Event()

    def hear(self, _publication: dict[str, Any]) -> None:
        self._wake.set()

    async def run(self) -> None:
        try:
            while True:
                await self._start()
                await told(self._wake, SWEEP)
        finally:
            tasks = list(self._fetching.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _start(self) -> None:
        try:
            waiting = await in_database(attachments.to_fetch, list(self._fetching))
        except DatabaseError:
            logger.exception("the files to fetch could not be read")
            return
        for attachment in waiting:
            self._fetching[attachment.pk] = asyncio.create_task(self._fetch(attachment), name=f"file {attachment.pk}")

    async def _fetch(self, attachment: Attachment) -> None:
        try:
            fetched = await self._bounded(attachment)
            if fetched.path and transcription.is_wanted(attachment):
                fetched = await _transcribed(attachment, fetched)
            await self._settled(attachment, fetched)
        except DatabaseError:
            logger.exception("what became of file %s could not be written; it is fetched again", attachment.pk)
        finally:
            del self._fetching[attachment.pk]

    async def _bounded(self, attachment: Attachment) -> Fetched:
        try:
            async with asyncio.timeout(settings.MEDIA_WAIT):
                async with self._slots[attachment.message.chat.channel_id]:
                    adapter = await self._adapter(attachment)
                    path, size = await _save(attachment, adapter)
                await _let_album_settle(attachment)
            return Fetched(path, size)
        except TimeoutError:
            return Fetched(error=_("It could not be fetched within %g s.") % settings.MEDIA_WAIT)
        except (PlatformError, workspace_files.FileRefusedError) as error:
            return Fetched(error=str(error))
        except Exception as error:
            # An adapter's mistake must not leave the message waiting for ever.
            logger.exception("file %s could not be fetched", attachment.pk)
            return Fetched(error=_("An unexpected error (%s); see the log.") % type(error).__name__)

    async def _adapter(self, attachment: Attachment) -> Adapter:
        while (adapter := self._adapters().get(attachment.message.chat.channel_id)) is None:  # noqa: ASYNC110 - bounded
            await asyncio.sleep(LOOK)
        return adapter

    async def _settled(self, attachment: Attachment, fetched: Fetched) -> None:
        if fetched.error:
            logger.warning(
                "file %s of message %s is not there: %s", attachment.pk, attachment.message_id, fetched.error
            )
        kept = await in_database(attachments.settle, attachment, fetched)
        if fetched.path and not kept and (group := attachment.message.chat.group):
            await asyncio.to_thread(workspace_files.remove_inside, group, fetched.path)


async def _transcribed(attachment: Attachment, fetched: Fetched) -> Fetched:
    """The same with what is said in it, or with why nobody can tell."""
    group = attachment.message.chat.group
    assert group is not None
    try:
        said = await transcription.transcript(group, fetched.path, attachment.mime)
    except transcription.TranscriptionError as error:
        logger.warning("voice message %s is not transcribed: %s", attachment.pk, error)
        return replace(fetched, note=_("It could not be transcribed. %s") % error)
    except Exception as error:
        # A mistake here must not leave the message waiting for ever.
        logger.exception("voice message %s could not be transcribed", attachment.pk)
        said = _("It could not be transcribed (%s); see the log.")
        return replace(fetched, note=said % type(error).__name__)
    return replace(fetched, transcript=said)


async def _save(attachment: Attachment, adapter: Adapter) -> tuple[str, int]:
    group = attachment.message.chat.group
    if group is None:
        raise PlatformError(_("The chat belongs to no group any more."))
    if attachment.size > settings.MEDIA_LIMIT:
        raise _too_large(attachment.size)
    name = f"{attachment.message_id}-{workspace_files.plain_name(attachment.name or attachment.kind)}"
    file, path = await asyncio.to_thread(workspace_files.new_attachment, group, name)
    try:
        with file:
            async with aclosing(adapter.download(attachment.source)) as chunks:
                async for chunk in chunks:
                    if file.tell() + len(chunk) > settings.MEDIA_LIMIT:
                        raise _too_large(file.tell() + len(chunk))
                    await asyncio.to_thread(file.write, chunk)
            return path, file.tell()
    except BaseException:
        await to_the_end(asyncio.to_thread(workspace_files.remove_inside, group, path))
        raise


def _too_large(size: int) -> PlatformError:
    said = _("It is larger than %(most)s bytes (at least %(size)s).")
    return PlatformError(said % {"most": f"{settings.MEDIA_LIMIT:,}", "size": f"{size:,}"})


async def _let_album_settle(attachment: Attachment) -> None:
    """The rest of an album may still be on its way."""
    if attachment.message.album:
        left = attachment.message.created_at + attachments.ALBUM_SETTLE - timezone.now()
        await asyncio.sleep(max(0.0, left.total_seconds()))
