"""Memory files as people see them: a group's, or the ones that all groups share; every edit of a person is kept."""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.chats.models import Group, MemoryEdit
from apps.chats.workspace import folders
from apps.chats.workspace.safe_folders import FileRefusedError, open_below, open_folder, replace_below

ARCHIVE = "conversations"
READ_LIMIT = 4 * 1024 * 1024  # bytes; an archive is no longer
EDIT_LIMIT = 256 * 1024  # bytes
MOST_LOOKED_AT = 5000  # entries of one folder
MOST_LISTED = 200


class ChangedMeanwhileError(Exception):
    """The file is not what the person saw; `now` is what it holds."""

    def __init__(self, now: "Content") -> None:
        super().__init__("The file was changed meanwhile.")
        self.now = now


@dataclass(frozen=True, slots=True)
class MemoryFile:
    """One line of the list."""

    path: str
    size: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds; `digest` tells whether it still does. Empty for a file that is not there."""

    text: str = ""
    digest: str = ""
    editable: bool = True


def root(group: Group | None) -> Path:
    return folders.workspace(group) if group else folders.global_folder()


def files(group: Group | None) -> list[MemoryFile]:
    """CLAUDE.md, the other .md files beside it, then the archived conversations, the newest first."""
    top = sorted(_listed(root(group)), key=lambda file: (file.path != folders.MEMORY, file.path))
    kept = sorted(_listed(root(group), ARCHIVE), key=lambda file: file.changed_at, reverse=True)
    return [*top[:MOST_LISTED], *kept[:MOST_LISTED]]


def is_memory(path: str) -> bool:
    """Whether this is the name of a file that people may see here."""
    parts = PurePosixPath(path).parts
    plain = path == "/".join(parts) and _is_plain(path) and path.endswith(".md")
    return plain and (len(parts) == 1 or (len(parts) == 2 and parts[0] == ARCHIVE)) and not parts[-1].startswith(".")


def is_editable(path: str) -> bool:
    """An archive tells what was; it is not written anew."""
    return is_memory(path) and "/" not in path


def read(group: Group | None, path: str) -> Content:
    """Raises FileRefusedError with a sentence."""
    if not is_memory(path):
        raise FileRefusedError(_("This is no memory file."))
    try:
        with open_below(root(group), PurePosixPath(path)) as file:
            raw = file.read(READ_LIMIT + 1)
    except FileNotFoundError:
        return Content(editable=is_editable(path))
    except OSError as error:
        why = _("it is a link, and links are not followed") if error.errno == errno.ELOOP else error.strerror
        raise FileRefusedError(_("The file cannot be read: %s.") % why) from error
    if len(raw) > READ_LIMIT:
        raise FileRefusedError(_("The file is larger than %d MiB.") % (READ_LIMIT // 1024**2))
    return _content(raw, path)


def write(group: Group | None, path: str, text: str, *, seen: str, user: Any) -> MemoryEdit | None:
    """The file holds the text afterwards, and the edit is kept; None when nothing is changed by it.

    `seen` is the digest of what the person saw. Raises FileRefusedError, or ChangedMeanwhileError with nothing written.
    """
    text = text.replace("\r\n", "\n").replace("\0", "")
    before = read(group, path)
    if not before.editable:
        raise FileRefusedError(_("This file cannot be edited here."))
    if before.digest != seen:
        raise ChangedMeanwhileError(before)
    if len(text.encode()) > EDIT_LIMIT:
        raise FileRefusedError(_("The text is longer than %d KiB.") % (EDIT_LIMIT // 1024))
    if text == before.text:
        return None
    with transaction.atomic():
        edit = MemoryEdit.objects.create(group=group, path=path, before=before.text, after=text, user=user)
        concerned = Group.objects.filter(pk=group.pk) if group else Group.objects.all()
        concerned.update(memory_edited_at=edit.created_at)
        try:
            replace_below(root(group), PurePosixPath(path), text.encode())
        except OSError as error:
            raise FileRefusedError(_("The file cannot be written: %s.") % error.strerror) from error
    return edit


def restore(edit: MemoryEdit, *, user: Any) -> MemoryEdit | None:
    """What the file held before this edit is in it again; that is an edit too. Raises FileRefusedError."""
    now = read(edit.group, edit.path)
    return write(edit.group, edit.path, edit.before, seen=now.digest, user=user)


def _content(raw: bytes, path: str) -> Content:
    digest = hashlib.sha256(raw).hexdigest()
    try:
        text, whole = raw.decode(), True
    except UnicodeDecodeError:
        text, whole = raw.decode(errors="replace"), False
    # What a form would not give back as it is must not be written by it.
    whole = whole and "\0" not in text and "\r" not in text
    return Content(text.replace("\0", "�"), digest, is_editable(path) and whole and len(raw) <= EDIT_LIMIT)


def _listed(folder: Path, *parts: str) -> Iterator[MemoryFile]:
    try:
        descriptor = open_folder(folder, *parts)
    except OSError:
        return
    try:
        with os.scandir(descriptor) as entries:
            for entry in islice(entries, MOST_LOOKED_AT):
                path = "/".join((*parts, entry.name))
                if is_memory(path) and (found := _ordinary(entry)):
                    yield MemoryFile(path, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))
    finally:
        os.close(descriptor)


def _ordinary(entry: "os.DirEntry[str]") -> os.stat_result | None:
    try:
        found = entry.stat(follow_symlinks=False)
    except OSError:  # gone meanwhile
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def _is_plain(path: str) -> bool:
    """Characters that a page can show; a name on disk may hold any bytes."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return path.isprintable()
