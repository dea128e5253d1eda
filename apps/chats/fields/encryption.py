"""Encryption at rest: a JSON field whose column holds a Fernet token under a key derived from the secret key."""

import base64
import json
from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import models
from django.utils.translation import gettext as _


class UnreadableSecretError(Exception):
    """The stored value was encrypted under another secret key."""


@cache
def _cipher(secret_key: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"nanogridbot credentials").derive(
        secret_key.encode()
    )
    return Fernet(base64.urlsafe_b64encode(derived))


def encrypt(value: Any) -> str:
    return _cipher(settings.SECRET_KEY).encrypt(json.dumps(value).encode()).decode()


def decrypt(token: str) -> Any:
    """Raises UnreadableSecretError when the secret key is not the one it was encrypted with."""
    try:
        return json.loads(_cipher(settings.SECRET_KEY).decrypt(token.encode()))
    except InvalidToken as error:
        raise UnreadableSecretError(
            _("The credentials were encrypted under another secret key; enter them again.")
        ) from error


class EncryptedDict(dict[str, str]):
    """A dict of secrets that never shows its values."""

    def __repr__(self) -> str:
        return f"{{{', '.join(f'{key}: ***' for key in self)}}}"


class EncryptedJSONField(models.TextField):  # type: ignore[type-arg]
    """A dict[str, str]; an unreadable one comes back empty with `unreadable` set, so that pages still open."""

    # For the type checker: what may be assigned, and what is read.
    _pyi_private_set_type: dict[str, str]  # type: ignore[assignment]
    _pyi_private_get_type: EncryptedDict  # type: ignore[assignment]

    def from_db_value(self, value: str | None, *_more: Any) -> EncryptedDict:
        if not value:
            return EncryptedDict()
        try:
            return EncryptedDict(decrypt(value))
        except UnreadableSecretError:
            return UNREADABLE

    def to_python(self, value: Any) -> EncryptedDict:
        return value if isinstance(value, EncryptedDict) else EncryptedDict(value or {})

    def get_prep_value(self, value: Any) -> str:
        if value is UNREADABLE:
            raise UnreadableSecretError(_("The credentials were encrypted under another secret key; enter them again."))
        return encrypt(dict(value)) if value else ""

    def value_to_string(self, obj: models.Model) -> str:
        """What `dumpdata` writes: the token, never the secret."""
        return self.get_prep_value(self.value_from_object(obj))


UNREADABLE = EncryptedDict()
