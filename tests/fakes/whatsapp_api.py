"""A stand-in for WhatsApp's Cloud API, and the notifications that it signs."""

import hashlib
import hmac
import json
import time
from typing import Any

from tests.fakes.json_api import Call, JsonApi
from tests.fakes.stand_in import Json

PHONE_ID = "106540352242922"
NUMBER = "15550783881"
TOKEN = "EAAfakeTokenOfASystemUser"
APP_SECRET = "fake-app-secret"
VERIFY_TOKEN = "fake-verify-token"
ANN = "972541234567"
CREDENTIALS = {"phone_id": PHONE_ID, "access_token": TOKEN, "app_secret": APP_SECRET, "verify_token": VERIFY_TOKEN}


def graph_error(code: int, message: str = "scripted", details: str = "") -> Json:
    return {"error": {"message": message, "type": "OAuthException", "code": code, "error_data": {"details": details}}}


class WhatsAppApi(JsonApi):
    """Requests are named `number`, `messages`, `media` (an upload), `media_url`, `file`, `read`."""

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, bytes] = {}
        self._ids = 0

    @property
    def sent(self) -> list[Call]:
        return self.calls_of("messages")

    def name_of(self, call: Call) -> str:
        last = call.path.rsplit("/", 1)[-1]
        if last == "messages":
            return "read" if "status" in call.body else "messages"
        if last == "media":
            return "media"
        if "/files/" in call.path:
            return "file"
        return "number" if last == PHONE_ID else "media_url"

    def answer(self, call: Call) -> tuple[int, Json | bytes]:
        if call.headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, graph_error(190, "Error validating access token")
        self._ids += 1
        last = call.path.rsplit("/", 1)[-1]
        if call.name == "messages":
            to = call.body.get("to") or call.body.get("recipient")
            contacts = [{"input": to, "wa_id": to}]
            return 200, {
                "messaging_product": "whatsapp",
                "contacts": contacts,
                "messages": [{"id": f"wamid.OUT{self._ids}"}],
            }
        if call.name == "media":
            return 200, {"id": str(9000 + self._ids)}
        if call.name == "read":
            return 200, {"success": True}
        if call.name == "number":
            return 200, {"display_phone_number": "+1 555-078-3881", "verified_name": "Andy", "id": PHONE_ID}
        if last not in self.files:
            return 400, graph_error(100, "Unsupported get request")
        if call.name == "file":
            return 200, self.files[last]
        return 200, {"url": f"{self.url}/files/{last}", "mime_type": "image/png", "sha256": "x", "id": last}


def message(number: int = 1, text: str = "hello", **more: Any) -> Json:
    said = {"from": ANN, "from_user_id": "IL.42", "id": f"wamid.IN{number}", "timestamp": str(int(time.time()))}
    return {**said, "type": "text", "text": {"body": text}, **more}


def value(*messages: Json, phone_id: str = PHONE_ID, **more: Any) -> Json:
    return {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": NUMBER, "phone_number_id": phone_id},
        "contacts": [{"profile": {"name": "Ann"}, "wa_id": ANN, "user_id": "IL.42"}],
        "messages": list(messages),
        **more,
    }


def notification(*values: Json) -> str:
    changes = [{"field": "messages", "value": each} for each in values]
    return json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": changes}]})


def signed(body: str | bytes, secret: str = APP_SECRET) -> dict[str, str]:
    content = body.encode() if isinstance(body, str) else body
    return {"X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()}
