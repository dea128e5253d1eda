"""A stand-in for a platform's HTTP API on 127.0.0.1, in threads of its own; each platform says what it answers.

class WhatsAppApi(JsonApi):
    def name_of(self, call): ...            # by which `fail` knows a request
    def answer(self, call): ...             # (status, JSON or bytes)

api.fail("messages", Answer(429, {...}), Hang(20), Cut(done=True), Garbage())
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.http_server import Exchange, HttpStandIn
from tests.fakes.stand_in import Cut, Garbage, Hang, Json


@dataclass(frozen=True)
class Answer:
    """What is answered instead."""

    status: int = 200
    body: Json = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


Trouble = Answer | Hang | Cut | Garbage


@dataclass(frozen=True)
class Call:
    """One request as it arrived; `done`: it was carried out."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: Json  # of a multipart request its fields
    files: tuple[tuple[str, bytes], ...]
    at: float
    name: str = ""
    done: bool = True


class JsonExchange(Exchange):
    def serve(self, raw: bytes) -> None:
        body: Json = {}
        body, files = self.multipart(raw) if self.is_multipart() else (_json(raw), [])
        address = urlsplit(self.path)
        query = dict(parse_qsl(address.query, keep_blank_values=True))
        parts = (self.command, address.path, query, dict(self.headers), body, tuple(files), time.monotonic())
        self._answer(Call(*parts, name=self.server.api.name_of(Call(*parts))))

    def _answer(self, call: Call) -> None:
        api, trouble = self.server.api, self.server.api.trouble(call.name)
        if isinstance(trouble, Hang):
            self.rest(trouble)
        elif isinstance(trouble, Answer | Garbage) or (isinstance(trouble, Cut) and not trouble.done):
            call = replace(call, done=False)
        api.note(api.calls, call)
        if isinstance(trouble, Cut):
            self.cut()
        elif isinstance(trouble, Answer):
            self.write(trouble.status, trouble.body, trouble.headers)
        else:
            self.write(*(200, trouble.body) if isinstance(trouble, Garbage) else api.answer(call))


class JsonApi(HttpStandIn[Call, Trouble]):
    """The server."""

    exchange = JsonExchange

    # What a platform says.

    def name_of(self, call: Call) -> str:
        return call.path

    def answer(self, call: Call) -> tuple[int, Json | bytes]:
        raise NotImplementedError

    # What a test does.

    @property
    def sent(self) -> list[Call]:
        return [call for call in self.calls if call.done]

    def calls_of(self, name: str, *, done: bool = True) -> list[Call]:
        return [call for call in self.calls if call.name == name and (call.done or not done)]

    def wait_for_calls(self, name: str, count: int = 1) -> list[Call]:
        self.wait_for(lambda: len(self.calls_of(name)) >= count)
        return self.calls_of(name)


def _json(raw: bytes) -> Json:
    if not raw:
        return {}
    given = json.loads(raw)
    assert isinstance(given, dict)
    return given
