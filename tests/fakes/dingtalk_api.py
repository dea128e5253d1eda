"""DingTalk's OpenAPI, sessions and stream gateway on the real wire, in threads of their own."""

import json
import logging
import socket
import threading
import time
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from tests.fakes.http_server import Exchange, HttpStandIn
from tests.fakes.stand_in import Hang, Json

CLIENT_ID, SECRET, TOKEN = "ding-app", "secret-that-nobody-may-see", "token-that-nobody-may-see"
ANN = {"senderNick": "Ann", "senderStaffId": "staff42", "senderId": "$:ann"}

quiet = logging.getLogger(__name__)
quiet.setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Answer:
    """Instead of what would have been answered."""

    status: int = 200
    body: bytes | Json = b"{}"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Call:
    path: str
    body: Any
    query: dict[str, list[str]]
    token: str
    at: float
    taken: bool


class DingTalkExchange(Exchange):
    def serve(self, raw: bytes) -> None:
        api, parts = self.server.api, urlsplit(self.path)
        body = json.loads(raw) if raw[:1] == b"{" else raw
        token = self.headers.get("x-acs-dingtalk-access-token", "")
        trouble = api.trouble(parts.path)
        call = Call(parts.path, body, parse_qs(parts.query), token, time.monotonic(), taken=trouble is None)
        api.note(api.calls, call)
        if isinstance(trouble, Hang):
            self.rest(trouble)
        answer = trouble if isinstance(trouble, Answer) else api.answer(call)
        self.write(answer.status, answer.body, dict(answer.headers))


class DingTalkApi(HttpStandIn[Call, Answer | Hang]):
    """The servers."""

    exchange = DingTalkExchange

    def __init__(self) -> None:
        super().__init__()
        self.secret = SECRET
        self.token = TOKEN
        self.expires = 7200
        self.acks: list[Json] = []
        self.files: dict[str, bytes] = {}
        self.answers_pings = True
        self._tickets: set[str] = set()
        self._numbers = 0
        self._sockets: set[ServerConnection] = set()
        self._stream: Server | None = None
        self._stream_port = 0

    @property
    def session(self) -> str:
        return f"{self.url}/robot/sendBySession?session=s1"

    def calls_of(self, path: str) -> list[Call]:
        return [call for call in self.calls if path in call.path]

    @property
    def sent(self) -> list[Call]:
        """In the session of a message; there are other ways."""
        return [call for call in self.calls_of("sendBySession") if call.taken]

    @property
    def in_session(self) -> list[Json]:
        return [call.body["markdown"] for call in self.sent]

    def say(self, text: str = "", *, group: bool = True, **fields: Any) -> str:
        """Somebody writes; returns the message's id."""
        data = message(f"msg{self._next()}", text, self.session, group=group)
        self.deliver({**data, **fields})
        return str({**data, **fields}["msgId"])

    def deliver(self, data: Any) -> None:
        raw = data if isinstance(data, str) else json.dumps(data)
        self.push("CALLBACK", "/v1.0/im/bot/messages/get", raw)

    def push(self, kind: str, topic: str, data: str) -> None:
        about = {"appId": "a", "connectionId": "c", "contentType": "application/json", "time": str(_now())}
        headers = {**about, "messageId": f"m{self._next()}", "topic": topic}
        self.push_raw(json.dumps({"specVersion": "1.0", "type": kind, "headers": headers, "data": data}))

    def push_raw(self, frame: str) -> None:
        for each in list(self._sockets):
            each.send(frame)

    def cut(self) -> None:
        for each in list(self._sockets):
            try:
                each.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the other side was faster

    def start(self) -> Self:
        stream = serve(
            self._talk, "127.0.0.1", self._stream_port, process_request=self._admit, logger=quiet, ping_interval=None
        )
        self._stream, self._stream_port = stream, stream.socket.getsockname()[1]
        threading.Thread(target=stream.serve_forever, daemon=True).start()
        return super().start()

    def stop(self) -> None:
        super().stop()
        if self._stream:
            self._stream.shutdown()
            self.cut()
            self._stream = None

    # The stream.

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        ticket = parse_qs(urlsplit(request.path).query).get("ticket", [""])[0]
        if ticket not in self._tickets:
            return connection.respond(401, "no")
        self._tickets.discard(ticket)  # each is good once
        return None

    def _talk(self, connection: ServerConnection) -> None:
        if not self.answers_pings:
            connection.protocol.recv_frame = lambda frame: None  # type: ignore[method-assign]
        self._sockets.add(connection)
        try:
            for raw in connection:
                self.note(self.acks, json.loads(raw))
        except ConnectionClosed:
            pass  # the other side may go as it likes
        finally:
            self._sockets.discard(connection)

    # The API.

    def answer(self, call: Call) -> Answer:
        if call.path == "/v1.0/gateway/connections/open":
            return self._open(call.body)
        if call.path == "/v1.0/oauth2/accessToken":
            known = (call.body.get("appKey"), call.body.get("appSecret")) == (CLIENT_ID, self.secret)
            refusal = {"code": "invalidClientIdOrSecret", "message": "wrong", "requestid": "r"}
            return Answer(body={"accessToken": self.token, "expireIn": self.expires}) if known else Answer(400, refusal)
        if call.path == "/robot/sendBySession":
            return Answer(body={"errcode": 0, "errmsg": "ok"})
        if call.path.startswith("/file/"):
            content = self.files.get(call.path.removeprefix("/file/"))
            return Answer(404, b"") if content is None else Answer(body=content)
        if (call.token or call.query.get("access_token", [""])[0]) != self.token:
            return Answer(401, {"code": "InvalidAuthentication", "message": "token"})
        known_answers: dict[str, Json] = {
            "/v1.0/robot/groupMessages/send": {"processQueryKey": "q1"},
            "/v1.0/robot/oToMessages/batchSend": {"processQueryKey": "q2", "invalidStaffIdList": []},
            "/v1.0/robot/messageFiles/download": {"downloadUrl": f"{self.url}/file/{_code(call.body)}"},
            "/v1.0/card/instances/createAndDeliver": {"success": True, "result": {"outTrackId": _card(call.body)}},
            "/v1.0/card/streaming": {"success": True, "result": True},
            "/media/upload": {"errcode": 0, "errmsg": "ok", "media_id": "@media1"},
        }
        if call.path in known_answers:
            return Answer(body=known_answers[call.path])
        return Answer(404, {"code": "InvalidAction.NotFound"})

    def _open(self, body: Json) -> Answer:
        if (body["clientId"], body["clientSecret"]) != (CLIENT_ID, self.secret):
            return Answer(401, {"code": "authFailed", "message": "wrong", "requestid": "r"})
        ticket = f"tick+{self._next()}"
        self._tickets.add(ticket)
        return Answer(body={"endpoint": f"ws://127.0.0.1:{self._stream_port}/connect", "ticket": ticket})

    def _next(self) -> int:
        self._numbers += 1
        return self._numbers


def message(message_id: str, text: str, session: str, *, group: bool = True) -> Json:
    """What the gateway delivers, as the SDK's documentation shows it."""
    place = {"conversationId": "cidgroup", "conversationType": "2", "conversationTitle": "Team"}
    private = {"conversationId": "ciddirect", "conversationType": "1"}
    times = {"sessionWebhook": session, "sessionWebhookExpiredTime": _now() + 5_400_000, "createAt": _now()}
    bot = {"chatbotUserId": "$:bot", "chatbotCorpId": "corp", "robotCode": CLIENT_ID, "isInAtList": group}
    words = {"msgtype": "text", "text": {"content": text}, "atUsers": [{"dingtalkId": "$:bot"}]}
    return {**(place if group else private), **ANN, **bot, **times, **words, "msgId": message_id, "isAdmin": False}


def _now() -> int:
    return int(time.time() * 1000)


def _code(body: Any) -> str:
    return str(body.get("downloadCode")) if isinstance(body, dict) else ""


def _card(body: Any) -> str:
    return str(body.get("outTrackId")) if isinstance(body, dict) else ""
