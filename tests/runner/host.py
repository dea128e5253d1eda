"""The smallest host a runner can have: it sends frames, keeps what comes back, and plays the gateway."""

import base64
import http.client
import json
import queue
import subprocess
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

Frame = dict[str, Any]
SEND_MESSAGE = {
    "name": "send_message",
    "description": "Send a message to the chat at once.",
    "input_schema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
}


@dataclass
class Turn:
    """What a turn brought; `result` is its last frame."""

    frames: list[Frame] = field(default_factory=list)

    @property
    def result(self) -> Frame:
        return self.frames[-1]

    @property
    def text(self) -> str:
        return str(self.result["text"])

    def of(self, kind: str) -> list[Frame]:
        return [frame for frame in self.frames if frame["type"] == kind]

    @property
    def streamed(self) -> str:
        return "".join(frame["text"] for frame in self.of("delta"))


class Host:
    """A context manager around one runner process; `upstream` is where model calls go."""

    def __init__(self, command: list[str], *, upstream: str = "", env: dict[str, str] | None = None) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)
        self.pid = self._process.pid
        self.frames: queue.Queue[Frame] = queue.Queue()
        self.garbage: list[bytes] = []
        self.cancelled: queue.Queue[str] = queue.Queue()
        self.tool_answer: Frame = {"content": "sent", "is_error": False}
        self.answer_tools = True
        self._upstream = urlsplit(upstream)
        self._bodies: dict[str, tuple[Frame, bytearray]] = {}
        self._writing = threading.Lock()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def send(self, kind: str, /, **fields: Any) -> None:
        self.send_raw(json.dumps({"type": kind, **fields}).encode() + b"\n")

    def send_together(self, *frames: Frame) -> None:
        """In one write: the runner cannot hear the first without the others."""
        self.send_raw(b"".join(json.dumps(frame).encode() + b"\n" for frame in frames))

    def send_raw(self, data: bytes) -> None:
        assert self._process.stdin is not None
        with self._writing:
            self._process.stdin.write(data)
            self._process.stdin.flush()

    def start(self, agent: str = "claude", **changes: Any) -> Frame:
        """Send start; the ready or error frame that answers it."""
        self.send_together(self.start_frame(agent, **changes))
        return self.wait("ready", "error")

    def start_frame(self, agent: str = "claude", **changes: Any) -> Frame:
        options = {"cwd": changes.pop("cwd", "/tmp"), "builtin_tools": changes.pop("builtin_tools", "none")}
        options |= changes.pop("options", {})
        frame = {"protocol": 1, "agent": agent, "session_id": None, "model": None, "instructions": "Be brief."}
        return {"type": "start", **frame, "tools": [SEND_MESSAGE], "options": options, **changes}

    def prompt(self, text: str, prompt_id: str = "p1") -> None:
        self.send("prompt", id=prompt_id, text=text)

    def wait(self, *kinds: str, seconds: float = 60.0) -> Frame:
        """The next frame of these kinds; those before it are dropped."""
        return self.until(*kinds, seconds=seconds)[-1]

    def until(self, *kinds: str, seconds: float = 60.0) -> list[Frame]:
        """All frames up to the next one of these kinds; AssertionError after `seconds`."""
        frames: list[Frame] = []
        deadline = time.monotonic() + seconds
        while not frames or frames[-1]["type"] not in kinds:
            try:
                frames.append(self.frames.get(timeout=max(0.01, deadline - time.monotonic())))
            except queue.Empty:
                raise AssertionError(f"no {kinds} within {seconds} s; came: {frames}") from None
        return frames

    def turn(self, text: str, prompt_id: str = "p1") -> Turn:
        """One whole turn of a started agent."""
        self.prompt(text, prompt_id)
        return self.rest()

    def rest(self) -> Turn:
        """What is left of the turn in progress."""
        return Turn(self.until("result"))

    def exit_code(self, seconds: float = 30.0) -> int:
        """Wait until the runner has ended by itself."""
        return self._process.wait(seconds)

    def hang_up(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.hang_up()
            self._process.wait(20)
        finally:
            self._process.kill()
            self._process.wait(20)
            self._thread.join(20)
            assert self._process.stdout is not None
            self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            try:
                frame = json.loads(line)
            except ValueError:
                self.garbage.append(line)
            else:
                self._serve(frame)

    def _serve(self, frame: Frame) -> None:
        if frame["type"] == "http_request":
            self._bodies[frame["id"]] = (frame, bytearray(base64.b64decode(frame["body"])))
            if not frame["more"]:
                self._forward(frame["id"])
        elif frame["type"] == "http_body":
            self._bodies[frame["id"]][1].extend(base64.b64decode(frame["data"]))
            if frame["last"]:
                self._forward(frame["id"])
        elif frame["type"] == "http_cancel":
            self.cancelled.put(frame["id"])
        else:
            if frame["type"] == "tool_call" and self.answer_tools:
                self.send("tool_result", id=frame["id"], **self.tool_answer)
            self.frames.put(frame)

    def _forward(self, call_id: str) -> None:
        request, body = self._bodies.pop(call_id)
        threading.Thread(target=self._call, args=(call_id, request, bytes(body)), daemon=True).start()

    def _call(self, call_id: str, request: Frame, body: bytes) -> None:
        connection = http.client.HTTPConnection(self._upstream.hostname or "", self._upstream.port, timeout=120)
        try:
            with closing(connection):
                connection.request(request["method"], request["path"], body, request["headers"])
                self._answer(call_id, connection.getresponse())
        except (OSError, ValueError, http.client.HTTPException) as error:
            self._report(call_id, error)

    def _answer(self, call_id: str, response: http.client.HTTPResponse) -> None:
        with response:
            self.send("http_response", id=call_id, status=response.status, headers=dict(response.getheaders()))
            while data := response.read1(65536):
                self.send("http_chunk", id=call_id, data=base64.b64encode(data).decode())
        self.send("http_end", id=call_id)

    def _report(self, call_id: str, error: Exception) -> None:
        try:
            self.send("http_end", id=call_id, error=str(error))
        except (OSError, ValueError):
            return  # the runner is gone as well
