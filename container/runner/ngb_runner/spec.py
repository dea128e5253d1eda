"""What `start` asks for, checked and frozen, so that two starts can be compared."""

from dataclasses import dataclass
from typing import Any

from ngb_runner.link.frames import Frame


class BadStartError(Exception):
    """The start frame lacks something or holds something of the wrong kind; the message says what."""


@dataclass(frozen=True)
class Tool:
    """A tool the host offers."""

    name: str
    description: str
    input_schema: dict[str, Any]


@dataclass(frozen=True)
class Server:
    """An MCP server: a program of the container, or (without a command) an address behind the host's gateway."""

    name: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class Spec:
    """An agent as the host wants it; equal specs can share a live agent."""

    agent: str
    session_id: str | None
    model: str | None
    instructions: str
    tools: tuple[Tool, ...]
    cwd: str
    add_dirs: tuple[str, ...]
    builtin_tools: str
    max_turns: int | None
    assistant_name: str
    disallowed_tools: tuple[str, ...]
    ask_tools: tuple[str, ...]
    answer_seconds: float
    skills: tuple[str, ...] = ()
    servers: tuple[Server, ...] = ()
    revision: str = ""  # another one: there is something to be read again


def parse_start(frame: Frame) -> Spec:
    """The spec in a start frame; raises BadStartError."""
    options = _field(frame, "options", dict, {})
    builtin = _field(options, "builtin_tools", str, "none")
    if builtin not in ("all", "none"):
        raise BadStartError(f"builtin_tools must be all or none, not {builtin!r}")
    return Spec(
        agent=_field(frame, "agent", str, "claude"),
        session_id=_field(frame, "session_id", str, None),
        model=_field(frame, "model", str, None),
        instructions=_field(frame, "instructions", str, ""),
        tools=tuple(_parse_tool(tool) for tool in _field(frame, "tools", list, [])),
        cwd=_field(options, "cwd", str, "."),
        add_dirs=_strings(options, "add_dirs"),
        builtin_tools=builtin,
        max_turns=_field(options, "max_turns", int, None),
        assistant_name=_field(options, "assistant_name", str, "Andy"),
        disallowed_tools=_strings(options, "disallowed_tools"),
        ask_tools=_strings(options, "ask_tools"),
        answer_seconds=float(_field(options, "answer_seconds", (int, float), 300)),
        skills=_strings(options, "skills"),
        revision=_field(options, "revision", str, ""),
        servers=tuple(_parse_server(server) for server in _field(options, "mcp_servers", list, [])),
    )


def _parse_tool(raw: Any) -> Tool:
    if not isinstance(raw, dict) or not raw.get("name"):
        raise BadStartError("each tool is an object with a name, a description and an input_schema")
    schema = _field(raw, "input_schema", dict, None) or {"type": "object", "properties": {}}
    return Tool(_field(raw, "name", str, ""), _field(raw, "description", str, ""), schema)


def _parse_server(raw: Any) -> Server:
    if not isinstance(raw, dict) or not raw.get("name"):
        raise BadStartError("each MCP server is an object with a name and perhaps a command")
    return Server(_field(raw, "name", str, ""), _strings(raw, "command"))


def _field(source: dict[str, Any], name: str, kind: type | tuple[type, ...], default: Any) -> Any:
    value = source.get(name)
    if value is None:
        return default
    if not isinstance(value, kind):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        wanted = " or ".join(each.__name__ for each in kinds)
        raise BadStartError(f"{name} must be {wanted}, not {type(value).__name__}")
    return value


def _strings(source: dict[str, Any], name: str) -> tuple[str, ...]:
    values = _field(source, name, list, [])
    if not all(isinstance(value, str) for value in values):
        raise BadStartError(f"{name} must be a list of strings")
    return tuple(values)
