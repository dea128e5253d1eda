"""Opens WeCom's envelope: AES-256-CBC, signed with SHA-1 ("Encryption and decryption of callbacks")."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes
from django.utils.translation import gettext as _

from apps.chats.models import Channel
from apps.chats.models.channel import CredentialError
from apps.platforms.webhooks import WebhookRefused, require_recent

BLOCK = 32  # WeCom pads to this, not to AES's own 16
HEAD = 20  # 16 random bytes, then the length in 4
KEY_LENGTH = 43


def is_bot(channel: Channel) -> bool:
    """Whether it is an AI bot, not an app."""
    return bool(channel.credentials.get("kind") == "aibot")


class Codec:
    """`receiver`: for whom an envelope must be, the company's id; of an AI bot it is empty."""

    def __init__(self, *, token: str, key: bytes, receiver: str) -> None:
        self._token = token
        self._key = key
        self._receiver = receiver.encode()

    def open(self, query: Mapping[str, str], encrypted: str) -> bytes:
        """What is inside; raises WebhookRefused."""
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        right = signature(self._token, timestamp, nonce, encrypted)
        if not hmac.compare_digest(query.get("msg_signature", "").encode(errors="replace"), right.encode()):
            raise WebhookRefused(_("The signature is missing or wrong."), status=401)
        require_recent(timestamp)
        message, receiver = self._decrypted(encrypted)
        if not hmac.compare_digest(receiver, self._receiver):
            raise WebhookRefused(_("It is for another company."))
        return message

    def _decrypted(self, encrypted: str) -> tuple[bytes, bytes]:
        try:
            padded = _decrypt(self._key, base64.b64decode(encrypted, validate=True))
        except (ValueError, binascii.Error):
            raise WebhookRefused(_("It cannot be decrypted.")) from None
        plain = unpadded(padded)
        end = HEAD + int.from_bytes(plain[HEAD - 4 : HEAD], "big")
        if len(plain) < HEAD or end > len(plain):
            raise WebhookRefused(_("It was encrypted with another EncodingAESKey."))
        return plain[HEAD:end], plain[end:]


def codec_of(channel: Channel) -> Codec:
    """Raises CredentialError."""
    receiver = "" if is_bot(channel) else channel.credential("corp_id")
    return Codec(token=channel.credential("token"), key=key_of(channel), receiver=receiver)


def key_of(channel: Channel) -> bytes:
    """Raises CredentialError."""
    given = channel.credential("encoding_aes_key")
    try:
        key = base64.b64decode(f"{given}=", validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if len(given) != KEY_LENGTH or len(key) != BLOCK:
        raise CredentialError(
            _("The credential “encoding_aes_key” is no EncodingAESKey: that has 43 letters and digits.")
        )
    return key


def signature(token: str, timestamp: str, nonce: str, encrypted: str) -> str:
    joined = "".join(sorted([token, timestamp, nonce, encrypted]))
    return hashlib.sha1(joined.encode(errors="replace")).hexdigest()  # noqa: S324 - WeCom has chosen it


def decryptor(key: bytes) -> CipherContext:
    return Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()


def unpadded(padded: bytes) -> bytes:
    """Empty where the padding is none of WeCom's: the key was another."""
    count = padded[-1] if padded else 0
    return padded[:-count] if 1 <= count <= BLOCK else b""


def _decrypt(key: bytes, content: bytes) -> bytes:
    context = decryptor(key)
    return context.update(content) + context.finalize()
