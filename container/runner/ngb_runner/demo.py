"""The demo agent: scripted, needs no key and no SDK, and shows the whole path."""

import asyncio
import html
import json
import re
import uuid
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path

from ngb_runner.agent import Reporter, Result, SessionUnknownError
from ngb_runner.spec import Spec
from ngb_runner.tools import ToolCalls

MAX_SLEEP = 60.0
PACE = 0.02  # seconds between words: an answer is seen being written, as the real one is
MAX_QUEUED = 64
MAX_CALLS = 100

ABOUT = (
    "I am the demo agent of NanoGridBot: a small script, not a model. To talk to Claude, put "
    "ANTHROPIC_API_KEY=... into .env and restart. Say `help` to see what I can do."
)
HELP = """I am the demo agent. I understand:
- `echo TEXT`: I say TEXT
- `time`: I tell the time
- `send TEXT`: I call the send_message tool
- `tools`: I list the tools that I am offered
- `tool NAME`, `tool NAME WORDS`, `tool NAME JSON`: I call one; words are its first input
- `calls COUNT NAME`: I call one so many times, at most 100
- `sleep SECONDS`: I take my time (at most 60)
- `fail TEXT`: my turn ends with an error
- `help`: this list"""

MESSAGE = re.compile(r"<(?:message|scheduled_task)\b[^>]*>(.*?)</(?:message|scheduled_task)>", re.DOTALL)
QUOTE = re.compile(r"<(\w+)\b[^>]*>.*?</\1>", re.DOTALL)
MENTION = re.compile(r"^\s*@\w+[\s:,]*")


class FailedError(Exception):
    """The person asked for an error."""


class DemoAgent:
    """Answers its prompts one after the other; counts its turns in a file, so that a session can be resumed."""

    def __init__(self, spec: Spec, reporter: Reporter, tools: ToolCalls, home: Path) -> None:
        self.session_id = spec.session_id
        self._spec = spec
        self._reporter = reporter
        self._tools = tools
        self._folder = home / "demo"
        self._turns = 0
        self._said: list[str] = []
        self._prompts: asyncio.Queue[str] = asyncio.Queue(MAX_QUEUED)
        self._task: asyncio.Task[None] | None = None
        self._commands: dict[str, Callable[[str], Awaitable[str]]] = {
            "echo": self._echo, "time": self._time, "send": self._send, "tool": self._tool, "tools": self._list,
            "calls": self._calls,
            "sleep": self._sleep, "fail": self._fail, "help": self._help,
        }  # fmt: skip

    @property
    def alive(self) -> bool:
        """A script does not die."""
        return True

    async def open(self) -> None:
        """Take up the session's count; raises SessionUnknownError."""
        if self.session_id is None:
            self.session_id = str(uuid.uuid4())
            return
        try:
            self._turns = int(json.loads(self._memory.read_text())["turns"])
        except (OSError, ValueError, KeyError) as error:
            raise SessionUnknownError(f"the demo agent has no session {self.session_id}") from error

    async def prompt(self, prompt_id: str, text: str, images: Sequence[str] = ()) -> None:
        """Take the prompt at once and answer it in its turn; a script sees no images."""
        self._prompts.put_nowait(text)
        self._reporter.accepted(prompt_id)
        if self._task is None:
            self._task = asyncio.create_task(self._work())

    async def interrupt(self) -> None:
        """Stop here."""
        if (task := self._task) is not None:
            await asyncio.sleep(0)  # one that has not begun yet would end without a result
            task.cancel()

    async def close(self) -> None:
        """Forget the turn in progress."""
        await self.interrupt()

    @property
    def _memory(self) -> Path:
        # The id comes from outside: only its characters that are safe in a file name count.
        return self._folder / f"{re.sub(r'[^0-9A-Za-z-]', '', str(self.session_id))[:64]}.json"

    async def _work(self) -> None:
        result = Result(usage={"input_tokens": 0, "output_tokens": 0}, cost_usd=0.0)
        try:
            while not self._prompts.empty():
                await self._answer(self._prompts.get_nowait())
        except FailedError as error:
            result.is_error, result.error = True, str(error)
        except asyncio.CancelledError:
            result.interrupted = True
        except Exception as error:  # a turn must end, whatever went wrong in it
            result.is_error, result.error = True, f"the demo agent failed: {error!r}"
        result.text = "\n\n".join(self._said)
        self._said.clear()
        self._prompts = asyncio.Queue(MAX_QUEUED)
        self._task = None
        self._remember()
        self._reporter.finish(result)

    async def _answer(self, text: str) -> None:
        self._turns += 1
        word, _space, rest = command(text).partition(" ")
        act = self._commands.get(word.lower(), self._introduce)
        answer = await act(rest.strip())
        if self._said:
            self._reporter.delta("\n\n")
        self._said.append("")
        for piece in _pieces(answer):
            self._said[-1] += piece
            self._reporter.delta(piece)
            await asyncio.sleep(PACE)

    def _remember(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._memory.write_text(json.dumps({"turns": self._turns}))
        except OSError as error:
            self._reporter.log("warning", f"the demo agent could not write its memory: {error}")

    async def _introduce(self, _rest: str) -> str:
        return f"{ABOUT}\n\nThis is message {self._turns} of our conversation."

    async def _help(self, _rest: str) -> str:
        return HELP

    async def _echo(self, rest: str) -> str:
        return rest or "(nothing to echo)"

    async def _time(self, _rest: str) -> str:
        return f"It is {datetime.now().astimezone():%Y-%m-%d %H:%M:%S %Z}."

    async def _sleep(self, rest: str) -> str:
        try:
            seconds = min(max(float(rest), 0.0), MAX_SLEEP)
        except ValueError:
            return "Say `sleep SECONDS`, for example `sleep 5`."
        self._reporter.step("thinking", f"sleeps for {seconds:g} s")
        await asyncio.sleep(seconds)
        return f"I slept for {seconds:g} s."

    async def _fail(self, rest: str) -> str:
        raise FailedError(rest or "the demo agent was asked to fail")

    async def _send(self, rest: str) -> str:
        return await self._call("send_message", {"text": rest})

    async def _list(self, _rest: str) -> str:
        return "\n".join(f"- `{tool.name}`: {tool.description}" for tool in self._spec.tools) or "I am offered none."

    async def _tool(self, rest: str) -> str:
        name, _space, raw = rest.partition(" ")
        raw = raw.strip()
        if raw and not raw.startswith("{"):
            return await self._call(name, {self._first_input(name): raw})
        try:
            arguments = json.loads(raw or "{}")
        except ValueError:
            return 'Say `tool NAME JSON`, for example `tool send_message {"text": "hi"}`.'
        return await self._call(name, arguments)

    async def _calls(self, rest: str) -> str:
        count, _space, name = rest.partition(" ")
        if not count.isdigit() or not 1 <= int(count) <= MAX_CALLS:
            return "Say `calls COUNT NAME`, for example `calls 3 list_chats`."
        return [await self._call(name.strip(), {}) for _ in range(int(count))][-1]

    def _first_input(self, name: str) -> str:
        properties = [tool.input_schema.get("properties") for tool in self._spec.tools if tool.name == name]
        return next(iter(properties[0]), "text") if properties and isinstance(properties[0], dict) else "text"

    async def _call(self, name: str, arguments: dict[str, object]) -> str:
        offered = [tool.name for tool in self._spec.tools]
        if name not in offered:
            return f"I am not offered a tool called {name or '(none)'}; I have: {', '.join(offered) or 'none'}."
        self._reporter.step("tool", name, json.dumps(arguments, ensure_ascii=False))
        answer = await self._tools.call(name, arguments)
        return f"{name} {'failed' if answer.is_error else 'answered'}: {answer.content}"


def command(prompt: str) -> str:
    """What the last person wrote, out of a composed prompt, without the mention in front."""
    messages = MESSAGE.findall(prompt)
    text = html.unescape(QUOTE.sub("", messages[-1])) if messages else prompt
    return MENTION.sub("", text).strip()


def _pieces(text: str) -> list[str]:
    """A few pieces for the stream, cut at spaces."""
    words = re.findall(r"\S+\s*|\s+", text)
    size = max(1, -(-len(words) // 4))
    return ["".join(words[at : at + size]) for at in range(0, len(words), size)]
