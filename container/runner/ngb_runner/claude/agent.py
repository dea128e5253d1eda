"""The Claude agent: one ClaudeSDKClient kept open between turns."""

import asyncio
import uuid
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ngb_runner.agent import AgentUnavailableError, Reporter, Result, SessionUnknownError, add_usage
from ngb_runner.claude.errors import plainly
from ngb_runner.claude.images import image_blocks
from ngb_runner.claude.options import build_options
from ngb_runner.claude.steps import report_steps, text_of
from ngb_runner.spec import Spec
from ngb_runner.tools import ToolCalls

if TYPE_CHECKING:
    from claude_agent_sdk import ClaudeSDKClient, Message, ResultMessage, StreamEvent

CONNECT_SECONDS = 90.0
INTERRUPT_SECONDS = 10.0
VANISH_SECONDS = 1.0
UNKNOWN_SESSION = ("No conversation found", "requires a valid session")


class ClaudeAgent:
    """Prompts carry uuids of ours; the command line names them when it takes them into the conversation."""

    def __init__(self, spec: Spec, reporter: Reporter, tools: ToolCalls, base_url: str) -> None:
        self._resume = spec.session_id
        self.session_id: str | None = spec.session_id or str(uuid.uuid4())
        self._spec = spec
        self._reporter = reporter
        self._tools = tools
        self._base_url = base_url
        self._client: ClaudeSDKClient | None = None
        self._reading: asyncio.Task[None] | None = None
        self._stderr: deque[str] = deque(maxlen=20)
        # A resumed session's first total includes what its earlier processes spent, so it tells nothing.
        self._spent: float | None = None if self._resume else 0.0
        self._begin_turn()

    def _begin_turn(self) -> None:
        self._waiting: dict[str, str] = {}  # uuid → prompt id: written, not yet taken
        self._taken = 0  # prompts taken since the last result
        self._texts: list[str] = []
        self._last_text = ""
        self._saying = ""  # streamed, and not yet confirmed by a whole message
        self._streamed = False
        self._interrupting = False
        self._usage: dict[str, int] = {}
        self._cost: float | None = 0.0
        self._in_turn = False
        self._ended = asyncio.Event()

    @property
    def alive(self) -> bool:
        """Whether the command line still runs."""
        return self._client is not None and self._reading is not None and not self._reading.done()

    async def open(self) -> None:
        """Start the command line and its reader; raises AgentUnavailableError or SessionUnknownError."""
        _check_session_id(self._resume)
        try:
            # The SDK takes most of a second to import and is absent where only the demo agent runs.
            from claude_agent_sdk import ClaudeSDKClient, ClaudeSDKError  # noqa: PLC0415
        except ImportError as error:
            raise AgentUnavailableError(
                "the Claude Agent SDK is not installed here (requirements/agent.txt)"
            ) from error
        options = build_options(
            self._spec,
            self._tools,
            self._base_url,
            reporter=self._reporter,
            resume=self._resume,
            new=self.session_id,
            stderr=self._stderr.append,
        )
        self._client = ClaudeSDKClient(options)
        try:
            await asyncio.wait_for(self._client.connect(), CONNECT_SECONDS)
        except (ClaudeSDKError, OSError, TimeoutError) as error:
            raise self._why_not(error) from error
        self._reading = asyncio.create_task(self._read(self._client))

    def _why_not(self, error: Exception) -> Exception:
        if self._resume and any(phrase in str(error) for phrase in UNKNOWN_SESSION):
            return SessionUnknownError(f"the SDK knows no session {self._resume}")
        words = str(error) or f"no answer from the command line within {CONNECT_SECONDS:.0f} s"
        return AgentUnavailableError(f"the agent's command line could not be started: {words}{self._last_words()}")

    async def prompt(self, prompt_id: str, text: str, images: Sequence[str] = ()) -> None:
        """Write the prompt; `accepted` follows when the command line has taken it."""
        from claude_agent_sdk import ClaudeSDKError  # noqa: PLC0415 - see open()

        if self._client is None:
            raise AgentUnavailableError("the agent is not open")
        if not self._in_turn:
            self._begin_turn()
            self._in_turn = True
        key = str(uuid.uuid4())
        self._waiting[key] = prompt_id
        try:
            await self._client.query(_user_message(key, text, image_blocks(self._spec.cwd, images)))
        except ClaudeSDKError as error:
            if self._in_turn:
                self._end_turn(error=f"the agent's command line takes no prompt: {error}{self._last_words()}")

    async def interrupt(self) -> None:
        """Withdraw prompts not yet taken and stop the turn; end a command line that does not obey in time."""
        if self._client is None or not self._in_turn:
            return
        self._interrupting = True
        ended = self._ended
        try:
            async with asyncio.timeout(INTERRUPT_SECONDS):
                await self._withdraw()
                await self._client.interrupt()
                await self._settle(ended)
        except Exception as error:  # the SDK raises bare Exceptions for refused control requests
            self._reporter.log("warning", f"the command line ignored an interrupt and was ended: {error!r}")
            await self.close()
        if not ended.is_set():
            self._end_turn()

    async def _settle(self, ended: asyncio.Event) -> None:
        """Wait for the result of what was taken; a prompt caught on its way may vanish without one."""
        if self._waiting and not self._taken:
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), VANISH_SECONDS)
        if self._taken:
            await ended.wait()

    async def _withdraw(self) -> None:
        """Else the command line would run them as the next turn."""
        for key in list(self._waiting):
            # The pinned SDK has no public call for this control request yet.
            query: Any = getattr(self._client, "_query", None)
            answer = await query._send_control_request({"subtype": "cancel_async_message", "message_uuid": key})
            if (answer or {}).get("cancelled"):
                self._waiting.pop(key, None)

    async def close(self) -> None:
        """End the command line."""
        client, self._client = self._client, None
        if client is not None:
            await client.disconnect()
        if self._reading is not None:
            self._reading.cancel()

    async def _read(self, client: "ClaudeSDKClient") -> None:
        """Pass on what the command line says until it ends."""
        reason = ""
        try:
            async for message in client.receive_messages():
                self._take(message)
                await self._reporter.drained()
        except Exception as error:  # the SDK re-raises whatever its reader met
            reason = f": {str(error).splitlines()[0] if str(error) else error!r}"
        if self._in_turn:
            self._end_turn(
                error=f"the agent's command line ended in the middle of the turn{reason}{self._last_words()}"
            )

    def _take(self, message: "Message") -> None:
        from claude_agent_sdk import AssistantMessage, ResultMessage, StreamEvent  # noqa: PLC0415 - see open()

        if not self._in_turn:
            return
        self._note_accepted(message)
        if isinstance(message, StreamEvent):
            self._stream(message)
        elif isinstance(message, ResultMessage):
            self._take_result(message)
        else:
            if isinstance(message, AssistantMessage) and message.parent_tool_use_id is None and not message.error:
                self._last_text = text_of(message) or self._last_text
                self._saying = ""
            report_steps(message, self._reporter)

    def _note_accepted(self, message: "Message") -> None:
        for key in _named_prompts(message):
            prompt_id = self._waiting.pop(key, None)
            if prompt_id is not None:
                self._taken += 1
                self._reporter.accepted(prompt_id)

    def _stream(self, message: "StreamEvent") -> None:
        if message.parent_tool_use_id is not None:
            return
        event = message.event
        if event["type"] == "content_block_start" and event["content_block"]["type"] == "text":
            if self._streamed:
                self._reporter.delta("\n\n")
        elif event["type"] == "content_block_delta" and event["delta"]["type"] == "text_delta":
            self._streamed = True
            self._saying += event["delta"]["text"]
            self._reporter.delta(event["delta"]["text"])

    def _take_result(self, message: "ResultMessage") -> None:
        """Close the turn, unless prompts still wait: the command line then goes on with them by itself."""
        if not self._taken and not self._interrupting and (message.terminal_reason or "").startswith("aborted"):
            return  # the echo of an interrupt that ended the turn before
        self.session_id = message.session_id
        self._taken = 0
        self._count(message)
        error = None if self._interrupting else _error_of(message)
        # An answer given before a last tool call is an answer too, when nothing follows the call.
        text = self._last_text if self._interrupting else message.result or self._last_text
        if text and not error:
            self._texts.append(text)
        self._last_text = ""
        if not self._waiting:
            self._end_turn(error=error)
        elif error:
            self._reporter.log("warning", f"a part of the turn failed: {error}")

    def _count(self, message: "ResultMessage") -> None:
        add_usage(self._usage, message.usage)
        total = message.total_cost_usd
        if total is None or self._spent is None or self._cost is None:
            self._cost = None
        else:
            self._cost += max(0.0, total - self._spent)
        self._spent = total

    def _end_turn(self, *, error: str | None = None) -> None:
        if self._interrupting and (self._saying or self._last_text):
            self._texts.append(self._saying or self._last_text)
        result = Result(
            text="\n\n".join(self._texts),
            usage=self._usage,
            cost_usd=self._cost,
            is_error=error is not None and not self._interrupting,
            error=None if self._interrupting else error,
            interrupted=self._interrupting,
        )
        self._ended.set()
        self._begin_turn()
        self._reporter.finish(result)

    def _last_words(self) -> str:
        return f" ({' / '.join(list(self._stderr)[-3:])})" if self._stderr else ""


def _check_session_id(session_id: str | None) -> None:
    """The command line would take anything else for a session's title."""
    try:
        uuid.UUID(session_id or str(uuid.uuid4()))
    except ValueError as error:
        raise SessionUnknownError(f"{session_id!r} is not a session id") from error


async def _user_message(key: str, text: str, images: list[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
    """Images stand before the words, as the model reads them best."""
    content = [*images, {"type": "text", "text": text}] if images else text
    message = {"role": "user", "content": content}
    yield {"type": "user", "message": message, "uuid": key, "parent_tool_use_id": None}


def _named_prompts(message: "Message") -> list[str]:
    """uuids of prompts that this message shows to be in the conversation.

    `--replay-user-messages` echoes each prompt as it is taken in; model requests, answers and results list them too.
    """
    listed = getattr(message, "user_message_uuids", None) or []
    extra = getattr(message, "data", None) or {}
    own = getattr(message, "uuid", None)
    return [*listed, *(extra.get("user_message_uuids") or []), *([own] if own else [])]


def _error_of(message: "ResultMessage") -> str | None:
    if not message.is_error:
        return None
    if message.result:
        return plainly(message.result)
    return plainly("; ".join(message.errors or [])) or f"the turn ended with {message.subtype}"
