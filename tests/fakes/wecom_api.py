"""A stand-in for WeCom: its API, whose errors hide in the status 200, and its callbacks, which it encrypts."""

import base64
import hashlib
import json
import os
import time
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.fakes.json_api import Call, JsonApi
from tests.fakes.stand_in import Json

CORP_ID = "ww1234567890abcdef"
AGENT_ID = "1000002"
SECRET = "fake-secret-of-an-app"
TOKEN = "fakeCallbackToken"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
APP = {
    "kind": "app", "corp_id": CORP_ID, "agent_id": AGENT_ID, "secret": SECRET,
    "token": TOKEN, "encoding_aes_key": AES_KEY,
}  # fmt: skip
BOT = {"kind": "aibot", "token": TOKEN, "encoding_aes_key": AES_KEY}


def error(code: int, told: str = "scripted") -> Json:
    return {"errcode": code, "errmsg": f"{told}, hint: [1234], from ip: 1.2.3.4"}


class WeComApi(JsonApi):
    """Requests are named by their path behind /cgi-bin/; `file` is an encrypted one of an AI bot."""

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, bytes] = {}
        self.answered: set[str] = set()  # response codes that were used
        self.unknown_users: set[str] = set()
        self.people = {"ann": "Ann"}
        self._tokens = 0
        self._ids = 0

    @property
    def sent(self) -> list[Call]:
        return self.calls_of("message/send")

    @property
    def good_token(self) -> str:
        return f"access-token-{self._tokens}"

    def expire(self) -> None:
        """The token that was given is no good any more."""
        self._tokens += 1

    def name_of(self, call: Call) -> str:
        return "file" if "/files/" in call.path else call.path.removeprefix("/cgi-bin/")

    def answer(self, call: Call) -> tuple[int, Json | bytes]:
        self._ids += 1
        if call.name == "gettoken":
            return 200, self._lend(call)
        if call.name == "file":
            return 200, encrypted_file(self.files[call.path.rsplit("/", 1)[-1]])
        if call.name == "aibot/response":
            return 200, self._respond(call.query["response_code"])
        if call.query.get("access_token") != self.good_token:
            return 200, error(40014, "invalid access_token")
        if call.name == "agent/get":
            known = call.query["agentid"] == AGENT_ID
            return 200, {"errcode": 0, "errmsg": "ok", "name": "Andy"} if known else error(40056, "invalid agentid")
        if call.name == "user/get":
            name = self.people.get(call.query["userid"])
            return 200, {"errcode": 0, "errmsg": "ok", "name": name} if name else error(60111, "userid not found")
        if call.name == "media/get":
            media_id = call.query["media_id"]
            return 200, self.files[media_id] if media_id in self.files else error(40007, "invalid media_id")
        if call.name == "media/upload":
            return 200, {"errcode": 0, "errmsg": "ok", "media_id": f"media-{self._ids}"}
        invalid = call.body["touser"] if call.body["touser"] in self.unknown_users else ""
        return 200, {"errcode": 0, "errmsg": "ok", "msgid": f"out-{self._ids}", "invaliduser": invalid}

    def _lend(self, call: Call) -> Json:
        if call.query["corpid"] != CORP_ID:
            return error(40013, "invalid corpid")
        if call.query["corpsecret"] != SECRET:
            return error(40001, "invalid credential")
        return {"errcode": 0, "errmsg": "ok", "access_token": self.good_token, "expires_in": 7200}

    def _respond(self, code: str) -> Json:
        if code in self.answered:
            return error(60140, "response_code used")
        self.answered.add(code)
        return {"errcode": 0, "errmsg": "ok"}


# What it sends.


def _aes(content: bytes) -> bytes:
    key = base64.b64decode(AES_KEY + "=")
    count = 32 - len(content) % 32
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return encryptor.update(content + bytes([count]) * count) + encryptor.finalize()


def encrypted_file(content: bytes) -> bytes:
    return _aes(content)


def sealed(message: str, *, receiver: str, when: int | None = None, token: str = TOKEN) -> tuple[str, dict[str, str]]:
    """The encrypted text, and the query that signs it."""
    content = message.encode()
    inner = os.urandom(16) + len(content).to_bytes(4, "big") + content + receiver.encode()
    encrypted = base64.b64encode(_aes(inner)).decode()
    query = {"timestamp": str(when or int(time.time())), "nonce": os.urandom(4).hex()}
    joined = "".join(sorted([token, query["timestamp"], query["nonce"], encrypted]))
    return encrypted, {**query, "msg_signature": hashlib.sha1(joined.encode()).hexdigest()}


def app_callback(message: str, *, receiver: str = CORP_ID, **how: Any) -> tuple[str, str]:
    """The body and the query."""
    encrypted, query = sealed(message, receiver=receiver, **how)
    body = f"<xml><ToUserName><![CDATA[{CORP_ID}]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
    return body, urlencode(query)


def bot_callback(message: Json, *, receiver: str = "", **how: Any) -> tuple[str, str]:
    encrypted, query = sealed(json.dumps(message), receiver=receiver, **how)
    return json.dumps({"encrypt": encrypted}), urlencode(query)


def app_message(number: Any = 1, text: Any = "hello", **more: Any) -> str:
    given = {
        "ToUserName": CORP_ID, "FromUserName": "ann", "CreateTime": int(time.time()), "MsgType": "text",
        "Content": text, "MsgId": 6000 + number, "AgentID": AGENT_ID, **more,
    }  # fmt: skip
    inner = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in given.items())
    return f"<xml>{inner}</xml>"


def bot_message(api_url: str, number: int = 1, text: str = "@Andy hello", **more: Any) -> Json:
    return {
        "msgid": f"in-{number}", "aibotid": "AIB1", "chatid": "wr-group", "chattype": "group",
        "from": {"userid": "ann"}, "msgtype": "text", "text": {"content": text},
        "response_url": f"{api_url}/cgi-bin/aibot/response?response_code=code-{number}", **more,
    }  # fmt: skip
