"""Reads Feishu's events by webhook: encrypted, signed over the raw body, with a token inside; all three, or nothing."""

import binascii
import hashlib
import hmac
import json
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from django.utils.translation import gettext as _

from apps.chats.models import Channel
from apps.platforms.adapters.feishu.payloads import Me, event
from apps.platforms.webhooks import Received, Reply, Request, WebhookRefused, require_recent

BLOCK = 16  # bytes
LONGEST_CHALLENGE = 1000


def read(channel: Channel, request: Request) -> Received:
    if channel.credentials.get("mode") != "webhook":
        raise WebhookRefused(_("The channel has a long connection, and takes no webhook."))
    key, token = channel.credential("encrypt_key"), channel.credential("verification_token")
    if request.method != "POST":
        raise WebhookRefused(_("Feishu sends POST requests."), status=400)
    is_signed = "X-Lark-Signature" in request.headers
    if is_signed:
        _require_signature(request, key)
    given = _decrypted(request.body, key)
    is_handshake = given.get("type") == "url_verification"
    _require_token(given, token)
    if is_handshake:  # Feishu does not sign it; that it is encrypted and has the token must do
        return Received(reply=_json({"challenge": str(given.get("challenge", ""))[:LONGEST_CHALLENGE]}))
    if not is_signed:
        raise WebhookRefused(_("The signature is missing."), status=401)
    header = given.get("header")
    if not isinstance(header, dict):
        raise WebhookRefused(_("It is no event of version 2.0."), status=400)
    if header.get("app_id") != channel.credential("app_id"):
        raise WebhookRefused(_("The event is for another app."))
    found = event(given, Me.of(channel))
    return Received(events=(found,) if found else (), reply=_json({}), once=str(header.get("event_id") or ""))


def signature(timestamp: str, nonce: str, key: str, body: bytes) -> str:
    return hashlib.sha256(f"{timestamp}{nonce}{key}".encode(errors="replace") + body).hexdigest()


def _require_signature(request: Request, key: str) -> None:
    timestamp = request.headers.get("X-Lark-Request-Timestamp", "")
    expected = signature(timestamp, request.headers.get("X-Lark-Request-Nonce", ""), key, request.body)
    given = request.headers.get("X-Lark-Signature", "")
    if not hmac.compare_digest(given.encode(errors="replace"), expected.encode()):
        raise WebhookRefused(_("The signature is wrong."), status=401)
    require_recent(timestamp)


def _require_token(given: Mapping[str, Any], token: str) -> None:
    header = given.get("header")
    found = header.get("token") if isinstance(header, dict) else given.get("token")
    if not isinstance(found, str) or not hmac.compare_digest(found.encode(errors="replace"), token.encode()):
        raise WebhookRefused(_("The verification token is missing or wrong."), status=401)


def _decrypted(body: bytes, key: str) -> Mapping[str, Any]:
    """AES-256-CBC under the key's SHA-256; the first block is the initialization vector ("Encrypt Key")."""
    given = _object(body)
    if not isinstance(given.get("encrypt"), str):
        raise WebhookRefused(_("The request is not encrypted."), status=401)
    try:
        sealed = b64decode(given["encrypt"], validate=True)
        cipher = Cipher(algorithms.AES(hashlib.sha256(key.encode()).digest()), modes.CBC(sealed[:BLOCK]))
        opened = cipher.decryptor()
        padded = opened.update(sealed[BLOCK:]) + opened.finalize()
        unpadding = PKCS7(BLOCK * 8).unpadder()
        return _object(unpadding.update(padded) + unpadding.finalize())
    except (ValueError, binascii.Error):
        raise WebhookRefused(_("The request is encrypted with another key."), status=401) from None


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        raise WebhookRefused(_("The request is no JSON."), status=400) from None
    if not isinstance(given, dict):
        raise WebhookRefused(_("The request is no object."), status=400)
    return given


def _json(content: Mapping[str, Any]) -> Reply:
    return Reply(json.dumps(content), content_type="application/json")
