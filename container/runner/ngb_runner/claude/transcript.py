"""The command line's own record of a conversation (JSON lines) as text that a person or an agent can read later."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from ngb_runner.claude.steps import tool_line
from ngb_runner.link.frames import cut

TEXT_LIMIT = 16_384
"""Bytes of one message in the archive."""
SUMMARY_CHARS = 200
REMINDER = re.compile(r"<system-reminder>.*?</system-reminder>", re.DOTALL)


@dataclass(frozen=True)
class Entry:
    """What somebody said, or a tool that was used (`speaker` is empty then)."""

    speaker: str
    text: str
    time: str = ""


def entries(lines: Iterable[bytes], assistant: str) -> list[Entry]:
    """What was said since the last compaction; what came before it has its own archive."""
    found: list[Entry] = []
    for line in lines:
        record = _parsed(line)
        if record.get("subtype") == "compact_boundary":
            found.clear()
        elif not (record.get("isSidechain") or record.get("isMeta") or record.get("isCompactSummary")):
            found += _said(record, assistant)
    return found


def render(found: Iterable[Entry]) -> str:
    """Markdown: a paragraph for each message, a quoted line for each use of a tool."""
    return "\n\n".join(_shown(entry) for entry in found)


def title(found: Iterable[Entry]) -> str:
    """The first words of the first person who said something."""
    first = next((entry.text for entry in found if entry.speaker), "")
    return " ".join(first.split()[:8])[:80]


def _shown(entry: Entry) -> str:
    if not entry.speaker:
        return f"> {entry.text}"
    time = f" ({entry.time})" if entry.time else ""
    return f"**{entry.speaker}**{time}:\n{entry.text}"


def _parsed(line: bytes) -> dict[str, Any]:
    # Most of the record is about requests, not about the conversation.
    if line.startswith(b'{"type":"api-request'):
        return {}
    try:
        record = json.loads(line)
    except ValueError:  # the last line may be half written
        return {}
    return record if isinstance(record, dict) else {}


def _said(record: dict[str, Any], assistant: str) -> Iterator[Entry]:
    message = record.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    if record.get("type") == "assistant":
        yield from _answer(content, assistant)
    elif record.get("type") == "user":
        yield from _prompt(content)
    elif record.get("type") == "attachment":
        yield from _pushed(record.get("attachment"))


def _pushed(attachment: Any) -> Iterator[Entry]:
    """What came into a turn in progress is kept in its own way."""
    if isinstance(attachment, dict) and attachment.get("type") == "queued_command":
        yield from _prompt(attachment.get("prompt"))


def _answer(content: Any, assistant: str) -> Iterator[Entry]:
    for block in content if isinstance(content, list) else []:
        if block.get("type") == "text" and block["text"].strip():
            yield Entry(assistant, cut(block["text"].strip(), TEXT_LIMIT))
        elif block.get("type") == "tool_use":
            yield Entry("", _tool(block))


def _tool(block: dict[str, Any]) -> str:
    given = block.get("input")
    line = " ".join(tool_line(str(block.get("name", "")), given if isinstance(given, dict) else {}).split())
    return line if len(line) <= SUMMARY_CHARS else f"{line[: SUMMARY_CHARS - 1]}…"


def _prompt(content: Any) -> Iterator[Entry]:
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
    for block in blocks:
        if isinstance(block, dict) and block.get("type") == "text":
            text = REMINDER.sub("", str(block.get("text", ""))).strip()
            if text:
                yield from _people(text)


def _people(text: str) -> Iterator[Entry]:
    """The host's prompts are XML, one element for each message of a person."""
    try:
        prompt = ElementTree.fromstring(f"<prompt>{text}</prompt>")  # noqa: S314 - without a DTD there are no entities
    except ElementTree.ParseError:
        yield Entry("Prompt", cut(text, TEXT_LIMIT))
        return
    told = [element for element in prompt.iter() if element.tag in ("message", "scheduled_task", "note")]
    if not told:
        yield Entry("Prompt", cut(text, TEXT_LIMIT))
    for element in told:
        speaker = {"scheduled_task": "Scheduled task", "note": "Note"}.get(element.tag, element.get("sender") or "?")
        words = " ".join(filter(None, [_own_text(element), *_files(element)]))
        yield Entry(_plain(speaker), cut(words, TEXT_LIMIT), element.get("time") or element.get("now") or "")


def _own_text(element: ElementTree.Element) -> str:
    """Without what is only quoted."""
    parts = [element.text or "", *(child.tail or "" for child in element)]
    return "".join(parts).strip()


def _files(element: ElementTree.Element) -> list[str]:
    files = element.findall("attachment")
    return [f"[{file.get('kind', 'file')}: {file.get('path') or file.get('name', '')}]" for file in files]


def _plain(name: str) -> str:
    """A name on one line that cannot pose as markdown."""
    return " ".join(re.sub(r"[*_`#>\[\]]", "", name).split())[:80] or "?"
