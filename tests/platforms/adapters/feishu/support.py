import base64
import hashlib
import json
import os
import time
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from apps.chats.models import Channel, Message
from apps.platforms.adapters.feishu.payloads import Me, event
from tests.fakes import feishu_api
from tests.fakes.feishu_api import APP_ID, BOT, SECRET, FeishuApi
from tests.platforms.hooks import call
from tests.platforms.support import registered_chat
from tests.waiting import until

ME = Me(APP_ID, BOT)
KEY = "key-that-encrypts"
CREDENTIALS = {
    "app_id": APP_ID,
    "app_secret": SECRET,
    "mode": "webhook",
    "encrypt_key": KEY,
    "verification_token": "verify-me",
}
PRESS: dict[str, Any] = {
    "schema": "2.0",
    "header": {"event_id": "ev1", "event_type": "card.action.trigger", "app_id": "a"},
    "event": {
        "operator": {"open_id": "ou_ann", "user_id": None, "union_id": "on_ann"},
        "action": {"value": {"answer": "q1:0"}, "tag": "button"},
        "context": {"open_message_id": "om_1", "open_chat_id": "oc_team"},
    },
}


def feishu_channel(
    api: FeishuApi, name: str = "bot", *, credentials: dict[str, str] | None = None, **options: Any
) -> Channel:
    given = {"app_id": APP_ID, "app_secret": SECRET, **(credentials or {})}
    return Channel.objects.create(
        platform="feishu", name=name, credentials=given, options={"api_base": api.url, **options}
    )


def reconnects() -> int:
    return Channel.objects.get(name="bot").reconnects


def inbound_one() -> Any:
    return until(lambda: Message.objects.inbound().first())


def translated(**message: Any) -> Any:
    found = event(feishu_api.event(**message), ME)
    assert found
    return found[0]


def of_type(message_type: str, content: Any, **message: Any) -> Any:
    return translated(message_type=message_type, content=json.dumps(content), **message)


def post(*paragraphs: Any, **more: Any) -> Any:
    return of_type("post", {"title": "", "content": list(paragraphs)}, **more)


def hooked(**fields: Any) -> Channel:
    given = {"name": "bot", "credentials": CREDENTIALS, "identity": {"id": BOT, "name": "Andy"}, **fields}
    channel = Channel.objects.create(platform="feishu", **given)
    registered_chat(channel, "oc_team")
    return channel


def sealed(payload: Any, key: str = KEY) -> str:
    """As Feishu encrypts."""
    padder = PKCS7(128).padder()
    content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    vector = os.urandom(16)
    encryptor = Cipher(algorithms.AES(hashlib.sha256(key.encode()).digest()), modes.CBC(vector)).encryptor()
    hidden = encryptor.update(padder.update(content) + padder.finalize()) + encryptor.finalize()
    return json.dumps({"encrypt": base64.b64encode(vector + hidden).decode()})


def signed(body: str, *, at: float | None = None, key: str = KEY, nonce: str = "nonce") -> dict[str, str]:
    timestamp = str(int(time.time()) if at is None else at)
    signature = hashlib.sha256((timestamp + nonce + key).encode() + body.encode()).hexdigest()
    return {
        "X-Lark-Request-Timestamp": timestamp,
        "X-Lark-Request-Nonce": nonce,
        "X-Lark-Signature": signature,
    }


def deliver(channel: Channel, payload: Any, **how: Any) -> Any:
    body = sealed(payload)
    return call(channel, body, headers=signed(body, **how))
