"""What a model call would have the provider reach in the agent's place: that would be a way around a closed network.

The Messages API fetches images and documents by address, pages with its tool `web_fetch`, and calls MCP servers
(docs.claude.com: "Vision", "PDF support", "Web fetch tool", "MCP connector"). The agent's command line needs none of
that.
"""

import json
import re
from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

# Without any of these a body asks for nothing of the kind, and need not be parsed. A NUL is in no JSON but that of
# another encoding, and letters are written as \\u00.. only by who hides them.
WORDS = (b"mcp_servers", b"web_fetch", b"\0")
BEGINNINGS = {b'"url"': re.compile(rb':\s*"url"'), b"\\u00": re.compile(rb"\\u00[2-7]")}
MEDIA = ("image", "document")
FETCHING = ("web_fetch", "mcp")


class _FoundError(Exception):
    """Somewhere in the body."""


def refusal(body: bytes | bytearray) -> str:
    """Why the call is not made for a group whose network is not open; empty: it asks for nothing of the kind."""
    if not _is_suspect(body):
        return ""
    try:
        said = json.loads(body.decode(), object_pairs_hook=_checked)
    except (ValueError, RecursionError):
        return _("A model call that is no plain JSON is not made.")
    except _FoundError:
        return _said_why()
    return _said_why() if isinstance(said, dict) and _asks_for_tools(said) else ""


def _is_suspect(body: bytes | bytearray) -> bool:
    """Quick, for nearly every call is innocent."""
    return any(word in body for word in WORDS) or any(
        begins in body and whole.search(body) for begins, whole in BEGINNINGS.items()
    )


def _checked(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("one name twice")  # of which nobody knows which one counts
    source = found.get("source")
    if found.get("type") in MEDIA and isinstance(source, dict) and source.get("type") == "url":
        raise _FoundError
    return found


def _asks_for_tools(said: dict[str, Any]) -> bool:
    tools = said.get("tools")
    kinds = [str(tool.get("type")) for tool in _listed(tools) if isinstance(tool, dict)]
    return bool(said.get("mcp_servers")) or any(kind.startswith(FETCHING) for kind in kinds)


def _listed(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else []


def _said_why() -> str:
    return _("This group's network is not open, so the model may not fetch addresses or call servers in its place.")
