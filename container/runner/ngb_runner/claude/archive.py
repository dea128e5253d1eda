"""Before the SDK compacts a conversation, all of it is kept in the group's folder: `conversations/<date>-<slug>.md`."""

import asyncio
import os
import re
import unicodedata
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ngb_runner.agent import Reporter
from ngb_runner.claude.transcript import entries, render, title

if TYPE_CHECKING:
    from claude_agent_sdk import HookMatcher

FOLDER = "conversations"
SLUG_BYTES = 60
ARCHIVE_BYTES = 4 * 1_048_576
TRIES = 1000
HOOK_SECONDS = 60.0
FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
FILE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


def before_compaction(cwd: str, assistant: str, reporter: Reporter) -> "list[HookMatcher]":
    """The SDK's hook: it archives, and whatever goes wrong is a log line, never the end of the turn."""
    # The SDK takes most of a second to import and is absent where only the demo agent runs.
    from claude_agent_sdk import HookMatcher  # noqa: PLC0415

    async def archive_first(given: Any, _tool_use_id: str | None, _context: Any) -> Any:
        try:
            name = await asyncio.to_thread(archive, Path(given["transcript_path"]), cwd, assistant)
        except Exception as error:  # a full disk, a record of another form: the conversation matters more
            reporter.log("warning", f"the conversation could not be archived before its compaction: {error!r}")
        else:
            reporter.step("archive", f"Archived to {name}" if name else "Nothing to archive")
        return {}

    return [HookMatcher(hooks=[archive_first], timeout=HOOK_SECONDS)]


def archive(transcript: Path, cwd: str, assistant: str) -> str:
    """The new file's path in the group's folder, empty when nothing was said; raises OSError."""
    with transcript.open("rb") as lines:
        found = entries(lines, assistant)
    if not found:
        return ""
    now = datetime.now().astimezone()
    head = title(found)
    text = f"# {head or 'Conversation'}\n\nKept {now:%Y-%m-%d %H:%M} before it was summarised.\n\n{render(found)}\n"
    return _write(cwd, f"{now:%Y-%m-%d}-{slug(head)}", _bounded(text.encode("utf-8", "replace")))


def slug(words: str) -> str:
    """Letters and digits of any script, joined by dashes; never empty."""
    plain = re.sub(r"[\W_]+", "-", unicodedata.normalize("NFC", words).lower()).strip("-")
    return plain.encode("utf-8", "ignore")[:SLUG_BYTES].decode("utf-8", "ignore").strip("-") or "conversation"


def _bounded(text: bytes) -> bytes:
    """The newest part, when there is too much of it."""
    if len(text) <= ARCHIVE_BYTES:
        return text
    return b"[The beginning is left out here.]\n\n" + text[-ARCHIVE_BYTES:]


def _write(cwd: str, stem: str, text: bytes) -> str:
    """Never over a file that is there, never through a link."""
    root = os.open(cwd, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(FileExistsError):
            os.mkdir(FOLDER, 0o755, dir_fd=root)
        folder = os.open(FOLDER, FOLDER_FLAGS, dir_fd=root)
    finally:
        os.close(root)
    try:
        return _create(folder, stem, text)
    finally:
        os.close(folder)


def _create(folder: int, stem: str, text: bytes) -> str:
    for number in range(1, TRIES):
        name = f"{stem}.md" if number == 1 else f"{stem}-{number}.md"
        try:
            descriptor = os.open(name, FILE_FLAGS, 0o644, dir_fd=folder)
        except FileExistsError:
            continue
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
        return f"{FOLDER}/{name}"
    raise FileExistsError(f"there are {TRIES} archives called {stem}")
