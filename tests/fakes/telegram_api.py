"""A stand-in for Telegram's Bot API on 127.0.0.1, in threads of its own; also a process:
`python -m tests.fakes.telegram_api --port 8081`.

    with TelegramApi() as api:
        ...                                     # options.api_base = api.url, token = TOKEN
        api.say("hello @my_bot", chat_id=-1001)
        api.fail("sendMessage", Failure(429, retry_after=1))
        assert api.wait_for_sent(1)[0].text == "hi"

As a process it takes the same over HTTP: POST /control/say {"text": …, "chat_id": …}, GET /control/sent.
"""

import argparse
import json
import threading
import time
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.http_server import Exchange, HttpStandIn
from tests.fakes.stand_in import Cut, Garbage, Hang, Json

TOKEN = "123456789:fake-token-of-a-fake-bot-0123456789"
ME = {"id": 123456789, "is_bot": True, "first_name": "Andy", "username": "my_bot"}
ANN = {"id": 42, "is_bot": False, "first_name": "Ann", "username": "ann"}
FIRST_UPDATE = 1000


@dataclass(frozen=True)
class Failure:
    """An error answer as Telegram words it."""

    status: int
    description: str = "scripted failure"
    retry_after: int | None = None
    migrate_to_chat_id: int | None = None

    def body(self) -> Json:
        parameters = {"retry_after": self.retry_after, "migrate_to_chat_id": self.migrate_to_chat_id}
        given = {name: value for name, value in parameters.items() if value is not None}
        body: Json = {"ok": False, "error_code": self.status, "description": self.description}
        return {**body, "parameters": given} if given else body


Trouble = Failure | Hang | Cut | Garbage

CONFLICT = Failure(409, "Conflict: terminated by other getUpdates request")
UNAUTHORIZED = Failure(401, "Unauthorized")
UNREADABLE = Failure(400, "Bad Request: can't parse entities: Unsupported start tag")


@dataclass(frozen=True)
class Call:
    """One request as it arrived, with the message id it was answered with."""

    method: str
    parameters: dict[str, str]
    at: float  # time.monotonic()
    message_id: int = 0
    answered: bool = True  # False: a scripted failure answered

    @property
    def text(self) -> str:
        return self.parameters.get("text", "")

    @property
    def chat_id(self) -> int:
        return int(self.parameters["chat_id"])


class TelegramExchange(Exchange):
    """`/bot<token>/<method>` as Telegram, `/control/…` for whoever drives the process."""

    def serve(self, raw: bytes) -> None:
        _, first, method = [*urlsplit(self.path).path.split("/", 2), "", ""][:3]
        if first == "control":
            self.write(200, self._control(method, json.loads(raw or b"{}")))
        elif first == "file":
            self._write_file(method.removeprefix("bot"))
        elif first.startswith("bot"):
            self._answer(first.removeprefix("bot"), method, self._parameters(raw))
        else:
            self.write(404, Failure(404, "Not Found").body())

    def _parameters(self, raw: bytes) -> dict[str, str]:
        """Files are put aside."""
        if not self.is_multipart():
            return dict(parse_qsl(raw.decode(), keep_blank_values=True))
        fields, files = self.multipart(raw)
        self.server.api.uploads.extend(files)
        return fields

    def _write_file(self, path: str) -> None:
        api = self.server.api
        token, _, name = path.partition("/things/")
        if isinstance(trouble := api.trouble("file"), Hang):
            self.rest(trouble)
        known = token in api.tokens and name in api.files
        self.write(200 if known else 404, api.files[name] if known else b"")

    def _answer(self, token: str, method: str, parameters: dict[str, str]) -> None:
        api, trouble = self.server.api, self.server.api.trouble(method)
        if isinstance(trouble, Hang):
            self.rest(trouble)
        elif isinstance(trouble, Failure | Garbage) or (isinstance(trouble, Cut) and not trouble.done):
            api.record(method, parameters, answered=False)
        if isinstance(trouble, Failure):
            self.write(trouble.status, trouble.body())
        elif isinstance(trouble, Garbage):
            self.write(200, trouble.body)
        elif isinstance(trouble, Cut):
            if trouble.done:
                api.answer(token, method, parameters)
            self.cut()
        else:
            answer = api.answer(token, method, parameters)
            self.write(200 if answer["ok"] else answer["error_code"], answer)

    def _control(self, what: str, body: Json) -> Json:
        api = self.server.api
        if what == "say":
            return {"message_id": api.say(**body)}
        if what == "sent":
            return {"sent": [asdict(call) for call in api.sent], "now": time.monotonic()}
        return {"error": "say or sent is expected"}


class TelegramApi(HttpStandIn[Call, Trouble]):
    """The server."""

    exchange = TelegramExchange

    def __init__(self, port: int = 0) -> None:
        super().__init__()
        self.port = port
        self.tokens = {TOKEN}
        self.poll_limit = 50.0  # seconds: the longest a getUpdates is held
        self.files: dict[str, bytes] = {}  # what getFile knows, by file id
        self.uploads: list[tuple[str, bytes]] = []  # name and content of what was sent
        self._updates: list[Json] = []
        self._ids = 100
        self._polls = 0
        self._confirmed = 0

    # What a test does.

    @property
    def sent(self) -> list[Call]:
        return [call for call in self.calls if call.method == "sendMessage" and call.message_id]

    def calls_of(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    def say(self, text: str = "", *, chat_id: int = -1001, user: Json | None = None, **message: Any) -> int:
        """Somebody writes; any field of Telegram's Message may be given. Returns the message's id."""
        kind = {"type": "private"} if chat_id > 0 else {"type": "supergroup", "title": "Team"}
        with self.changed:
            self._ids += 1
            words = {"text": text} if text else {}
            base = {"message_id": self._ids, "date": int(time.time()), "chat": {"id": chat_id, **kind}}
            full = {**base, "from": user or ANN, **words, **message}
            self._updates.append({"update_id": FIRST_UPDATE + len(self._updates), "message": full})
            self.changed.notify_all()
        return int(full["message_id"])

    def press(self, data: str, *, message_id: int, chat_id: int = -1001, user: Json | None = None) -> str:
        """Somebody presses a button under one of our messages. Returns the id that wants an answer."""
        kind = {"type": "private"} if chat_id > 0 else {"type": "supergroup", "title": "Team"}
        self._ids += 1
        under = {"message_id": message_id, "date": int(time.time()), "chat": {"id": chat_id, **kind}, "from": ME}
        press = {"id": f"cb{self._ids}", "from": user or ANN, "chat_instance": "1", "data": data, "message": under}
        self.push({"callback_query": press})
        return str(press["id"])

    def push(self, update: Json) -> None:
        """A whole update as it is; `update_id` is set."""
        with self.changed:
            self._updates.append({"update_id": FIRST_UPDATE + len(self._updates), **update})
            self.changed.notify_all()

    # What the wire does.

    def trouble(self, name: str) -> Trouble | None:
        """`*` stands for all methods."""
        return super().trouble(name) or self._standing.get("*")

    def answer(self, token: str, method: str, parameters: dict[str, str]) -> Json:
        """What Telegram answers; carried out and recorded."""
        if token not in self.tokens:
            return UNAUTHORIZED.body()
        if method == "getUpdates":
            return self._poll(int(parameters.get("offset", 0)), float(parameters.get("timeout", 0)))
        if method == "getMe":
            return {"ok": True, "result": ME}
        if method in ("sendMessage", "sendPhoto", "sendDocument", "editMessageText"):
            return {"ok": True, "result": self._deliver(method, parameters)}
        if method == "getFile":
            return self._file(parameters["file_id"])
        self.record(method, parameters)
        return {"ok": True, "result": True}

    def record(self, method: str, parameters: dict[str, str], *, message_id: int = 0, answered: bool = True) -> None:
        self.note(self.calls, Call(method, parameters, time.monotonic(), message_id, answered))

    def _file(self, file_id: str) -> Json:
        if file_id not in self.files:
            return Failure(400, "Bad Request: invalid file_id").body()
        self.record("getFile", {"file_id": file_id})
        about = {"file_id": file_id, "file_unique_id": file_id, "file_size": len(self.files[file_id])}
        return {"ok": True, "result": {**about, "file_path": f"things/{file_id}"}}

    def _deliver(self, method: str, parameters: dict[str, str]) -> Json:
        with self.changed:
            self._ids += 1
            message_id = int(parameters.get("message_id", self._ids))
        self.record(method, parameters, message_id=message_id)
        chat = {"id": int(parameters["chat_id"]), "type": "supergroup", "title": "Team"}
        return {"message_id": message_id, "date": int(time.time()), "chat": chat, "from": ME, "text": "…"}

    def _poll(self, offset: int, timeout: float) -> Json:
        """Held until an update or the time-out; a second poller ends the first one's."""
        with self.changed:
            self._polls += 1
            mine = self._polls
            self.calls.append(Call("getUpdates", {"offset": str(offset)}, time.monotonic()))
            self.changed.notify_all()
            self.changed.wait_for(
                lambda: self.stopping or mine != self._polls or self._after(offset), min(timeout, self.poll_limit)
            )
            if mine != self._polls:
                return CONFLICT.body()
            return {"ok": True, "result": self._after(offset)[:100]}

    def _after(self, offset: int) -> list[Json]:
        """What was confirmed once never comes again."""
        self._confirmed = max(self._confirmed, offset - FIRST_UPDATE)
        return self._updates[self._confirmed :]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8081)
    api = TelegramApi(port=parser.parse_args().port).start()
    print(f"{api.url} token {TOKEN}", flush=True)  # noqa: T201 - for whoever started the process
    threading.Event().wait()


if __name__ == "__main__":
    main()
