"""A stand-in for Feishu's open platform on 127.0.0.1, in threads of its own: OpenAPI and long connection.

with FeishuApi() as api:
    ...                                  # options.api_base = api.url, app_id = APP_ID, app_secret = SECRET
    api.say("@_user_1 hello", mentions=[BOT_MENTION])
    api.fail("send", Failure(99991400, status=429))
    assert api.wait_for_sent(1)[0].text == "hi"
"""

import json
import re
import time
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.feishu_gateway import CLIENT_CONFIG, FeishuGateway
from tests.fakes.http_server import Exchange, HttpStandIn
from tests.fakes.stand_in import Cut, Garbage, Hang, Json

APP_ID = "cli_a1b2c3d4"
SECRET = "secret-of-a-fake-app"
BOT = "ou_bot"
ANN = "ou_ann"
BOT_MENTION = {"key": "@_user_1", "id": {"open_id": BOT, "union_id": "on_bot"}, "name": "Andy"}


@dataclass(frozen=True)
class Failure:
    """An error answer: Feishu's code, and the status of HTTP."""

    code: int
    msg: str = "scripted failure"
    status: int = 400
    headers: dict[str, str] = field(default_factory=dict)


Trouble = Failure | Hang | Cut | Garbage

# Name, method and path of what a test may count or let fail.
ROUTES = [
    ("token", "POST", r"/open-apis/auth/v3/tenant_access_token/internal"),
    ("endpoint", "POST", r"/callback/ws/endpoint"),
    ("bot", "GET", r"/open-apis/bot/v3/info"),
    ("send", "POST", r"/open-apis/im/v1/messages"),
    ("reply", "POST", r"/open-apis/im/v1/messages/([^/]+)/reply"),
    ("patch", "PATCH", r"/open-apis/im/v1/messages/([^/]+)"),
    ("message", "GET", r"/open-apis/im/v1/messages/([^/]+)"),
    ("react", "POST", r"/open-apis/im/v1/messages/([^/]+)/reactions"),
    ("resource", "GET", r"/open-apis/im/v1/messages/([^/]+)/resources/([^/]+)"),
    ("image", "POST", r"/open-apis/im/v1/images"),
    ("file", "POST", r"/open-apis/im/v1/files"),
    ("user", "GET", r"/open-apis/contact/v3/users/([^/]+)"),
    ("chat", "GET", r"/open-apis/im/v1/chats/([^/]+)"),
]


@dataclass(frozen=True)
class Call:
    """One request as it arrived."""

    name: str
    target: str  # the message, user or chat in its path
    query: dict[str, str]
    body: Json
    at: float  # time.monotonic()
    answered: bool = True  # False: a scripted failure answered
    message_id: str = ""

    @property
    def content(self) -> Json:
        return dict(json.loads(self.body["content"]))

    @property
    def text(self) -> str:
        """Of a text, or of a card's only element."""
        if "text" in self.content:
            return str(self.content["text"])
        element = self.content["body"]["elements"][0]
        return str(element.get("content") or element["text"]["content"])


class FeishuExchange(Exchange):
    def serve(self, raw: bytes) -> None:
        parts = urlsplit(self.path)
        for name, method, pattern in ROUTES:
            if method == self.command and (found := re.fullmatch(pattern, parts.path)):
                self._answer(name, found.groups(), self._body(raw), dict(parse_qsl(parts.query)))
                return
        self.write(404, b"404 page not found")

    def _body(self, raw: bytes) -> Json:
        """Files are put aside."""
        if not self.is_multipart():
            return dict(json.loads(raw or b"{}"))
        fields, files = self.multipart(raw)
        self.server.api.uploads.extend(files)
        return dict(fields)

    def _answer(self, name: str, groups: tuple[str, ...], body: Json, query: dict[str, str]) -> None:
        api, trouble = self.server.api, self.server.api.trouble(name)
        if isinstance(trouble, Hang):
            self.rest(trouble)
        elif isinstance(trouble, Failure | Garbage) or (isinstance(trouble, Cut) and not trouble.done):
            call = Call(name, groups[0] if groups else "", query, body, time.monotonic(), answered=False)
            api.note(api.calls, call)
        if isinstance(trouble, Failure):
            self.write(trouble.status, {"code": trouble.code, "msg": trouble.msg}, trouble.headers)
        elif isinstance(trouble, Garbage):
            self.write(200, trouble.body)
        elif isinstance(trouble, Cut) and not trouble.done:
            self.cut()
        else:
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            answer = api.answer(name, groups, body, token, query)
            is_error = isinstance(answer, dict) and answer["code"] and name not in ("token", "endpoint")
            self.cut() if trouble == Cut(done=True) else self.write(400 if is_error else 200, answer)


class FeishuApi(FeishuGateway, HttpStandIn[Call, Trouble]):
    """The servers."""

    exchange = FeishuExchange

    def __init__(self) -> None:
        super().__init__()
        self.apps = {APP_ID: SECRET}
        self.token_life = 7200
        self.users = {ANN: "Ann"}
        self.chats = {"oc_team": "Team"}
        self.messages: dict[str, Json] = {}  # what GET messages/… knows
        self.resources: dict[str, bytes] = {}
        self.uploads: list[tuple[str, bytes]] = []
        self._tokens: set[str] = set()
        self._by_uuid: dict[str, str] = {}

    # What a test does.

    @property
    def sent(self) -> list[Call]:
        """The messages that were delivered, in order; one with a known `uuid` is none."""
        return [call for call in self.calls if call.name in ("send", "reply") and call.message_id]

    def calls_of(self, name: str) -> list[Call]:
        return [call for call in self.calls if call.name == name]

    def say(self, text: str = "", *, parts: int = 1, **message: Any) -> str:
        """Somebody writes; any field of the event's message may be given, and its `sender`. Returns its id."""
        message_id = str(message.get("message_id") or self._next("om_"))
        self.push(event(text, **{**message, "message_id": message_id}), parts=parts)
        return message_id

    def press(self, token: str, *, message_id: str, chat_id: str = "oc_team") -> str:
        """Somebody presses a button of a card; returns the event's id."""
        told = {
            "operator": {"open_id": ANN, "user_id": None, "union_id": "on_ann", "tenant_key": "tenant"},
            "token": "c-1",
            "action": {"value": {"answer": token}, "tag": "button"},
            "host": "im_message",
            "context": {"open_message_id": message_id, "open_chat_id": chat_id},
        }
        given = event()
        given["header"] |= {"event_type": "card.action.trigger", "event_id": self._next("ev_")}
        self.push(given | {"event": told})
        return str(given["header"]["event_id"])

    def expire_tokens(self) -> None:
        self._tokens.clear()

    def start(self) -> Self:
        self.open_gateway()
        return super().start()

    def stop(self) -> None:
        self.close_gateway()
        super().stop()

    # OpenAPI.

    def answer(self, name: str, groups: tuple[str, ...], body: Json, token: str, query: dict[str, str]) -> Json | bytes:
        """Carried out and recorded."""
        target = groups[0] if groups else ""
        if name not in ("token", "endpoint") and token not in self._tokens:
            self.note(self.calls, Call(name, target, query, body, time.monotonic(), answered=False))
            return {"code": 99991663, "msg": "Invalid access token for authorization."}
        message_id = self._deliver(body) if name in ("send", "reply") else ""
        is_new = message_id and message_id not in [call.message_id for call in self.calls]
        self.note(
            self.calls, Call(name, target, query, body, time.monotonic(), message_id=message_id if is_new else "")
        )
        if name == "token":
            return self._lend(body)
        if name == "endpoint":
            return self._endpoint(body)
        if name == "resource":
            return self.resources.get(groups[1], {"code": 234001, "msg": "Invalid request param."})
        return self._tell_of(name, target, message_id)

    def _tell_of(self, name: str, target: str, message_id: str) -> Json:
        if name == "bot":
            return {"code": 0, "msg": "ok", "bot": {"open_id": BOT, "app_name": "Andy", "activate_status": 2}}
        found: dict[str, Any] = {
            "user": {"user": {"open_id": target, "name": self.users.get(target)}} if target in self.users else None,
            "chat": {"name": self.chats[target]} if target in self.chats else None,
            "message": {"items": [self.messages[target]]} if target in self.messages else None,
            "image": {"image_key": "img_up"},
            "file": {"file_key": "file_up"},
            "react": {"reaction_id": "r1"},
            "patch": {},
        }
        data = found.get(name, {"message_id": message_id})
        return {"code": 0, "msg": "ok", "data": data} if data is not None else {"code": 230001, "msg": "not found"}

    def _lend(self, body: Json) -> Json:
        if self.apps.get(str(body.get("app_id"))) != body.get("app_secret"):
            return {"code": 10014, "msg": "app secret invalid"}
        token = self._next("t-lent-")
        self._tokens.add(token)
        return {"code": 0, "msg": "ok", "tenant_access_token": token, "expire": self.token_life}

    def _endpoint(self, body: Json) -> Json:
        if self.apps.get(str(body.get("AppID"))) != body.get("AppSecret"):
            return {"code": 514, "msg": "auth failed"}
        return {"code": 0, "msg": "", "data": {"URL": self.address(), "ClientConfig": CLIENT_CONFIG}}

    def _deliver(self, body: Json) -> str:
        known = self._by_uuid.get(str(body.get("uuid", "")))
        message_id = known or self._next("om_sent_")
        if "uuid" in body:
            self._by_uuid[body["uuid"]] = message_id
        return message_id


def event(text: str = "", *, sender: Json | None = None, app_id: str = APP_ID, **message: Any) -> Json:
    """An `im.message.receive_v1` as Feishu sends it."""
    moment = str(int(time.time() * 1000))
    header = {"event_id": f"event of {message.get('message_id', 'om_1')}", "event_type": "im.message.receive_v1"}
    person = {"sender_id": {"open_id": ANN, "union_id": "on_ann", "user_id": None}, "sender_type": "user"}
    told = {"message_id": "om_1", "create_time": moment, "chat_id": "oc_team", "chat_type": "group"}
    words = {"message_type": "text", "content": json.dumps({"text": text}, ensure_ascii=False)}
    return {
        "schema": "2.0",
        "header": {**header, "create_time": moment, "token": "verify-me", "app_id": app_id, "tenant_key": "tenant"},
        "event": {"sender": sender or {**person, "tenant_key": "tenant"}, "message": {**told, **words, **message}},
    }
