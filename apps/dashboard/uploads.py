"""Files that a person adds to a message on the chat page: checked, put into the workspace, stored with the message."""

import mimetypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from apps.agents.sandbox import workspace_files
from apps.chats.inbound import InboundAttachment
from apps.chats.models import Group, Message
from apps.chats.services import SHOWN
from apps.platforms.inbound import attachments

Upload: TypeAlias = "UploadedFile[bytes]"
MOST_FILES = 10  # of one message


class UploadError(Exception):
    """The file is not taken; the sentence says why. status: the HTTP status that fits."""

    def __init__(self, sentence: str, *, status: int = 413) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class Saved:
    """A file in the workspace."""

    attachment: InboundAttachment
    path: str


def check(uploads: Sequence[Upload]) -> None:
    """Raises UploadError."""
    if len(uploads) > MOST_FILES:
        raise UploadError(_("At most %(most)d files are taken with one message.") % {"most": MOST_FILES})
    for upload in uploads:
        if (upload.size or 0) > settings.MEDIA_LIMIT:
            sentence = _("%(name)s is too large: at most %(most)s MB are taken.")
            raise UploadError(sentence % {"name": upload.name, "most": megabytes(settings.MEDIA_LIMIT)})


def megabytes(size: int) -> str:
    return f"{size / 1_048_576:.4g}"


@contextmanager
def saved(group: Group, uploads: Sequence[Upload]) -> Iterator[list[Saved]]:
    """In the workspace's `attachments/`; removed again when the block raises. Raises UploadError."""
    found: list[Saved] = []
    try:
        for upload in uploads:
            found += [_save(group, upload)]
        yield found
    except BaseException:
        for one in found:
            workspace_files.remove_inside(group, one.path)
        raise


def attach(group: Group, message: Message, saved_files: Sequence[Saved]) -> None:
    """Called in the transaction that stores the message: nobody else ever sees its files awaited.

    What is no message for the agent (a command, an answer to its question) takes no files.
    """
    rows = list(message.attachments.order_by("pk"))
    for row, one in zip(rows, saved_files, strict=False):
        attachments.settle(row, attachments.Fetched(one.path, one.attachment.size))
    for one in saved_files[len(rows) :]:
        workspace_files.remove_inside(group, one.path)


def _save(group: Group, upload: Upload) -> Saved:
    name = workspace_files.plain_name(upload.name or "")
    try:
        file, path = workspace_files.new_attachment(group, name)
        with file:
            for chunk in upload.chunks():
                file.write(chunk)
            size = file.tell()
    except (workspace_files.FileRefusedError, OSError) as error:
        sentence = _("%(name)s could not be kept: %(why)s")
        raise UploadError(sentence % {"name": name, "why": error}, status=507) from error
    return Saved(InboundAttachment(kind=kind_of(name), source={}, name=name, mime=mime_of(name), size=size), path)


def mime_of(name: str) -> str:
    """By its ending: what a browser says of a file is its guess from the same."""
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def kind_of(name: str) -> Message.Kind:
    mime = mime_of(name)
    if mime in SHOWN:
        return Message.Kind.IMAGE
    return {"audio": Message.Kind.VOICE, "video": Message.Kind.VIDEO}.get(mime.partition("/")[0], Message.Kind.FILE)
