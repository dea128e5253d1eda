"""Keeps secrets out of what streams past: a server that repeats what it was sent tells an agent nothing."""

from collections.abc import Iterable

MARK = b"[secret]"
SHORTEST = 6  # characters; a shorter value would be found in innocent text


class Redactor:
    """Fed with bytes in any pieces; holds back only what may be the beginning of a secret."""

    def __init__(self, secrets: Iterable[str]) -> None:
        words = {word for secret in secrets for word in (secret, secret.partition(" ")[2]) if len(word) >= SHORTEST}
        self._secrets = sorted((word.encode() for word in words), key=len, reverse=True)
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        whole = self._replaced(self._held + data)
        keep = max((_overlap(whole, secret) for secret in self._secrets), default=0)
        self._held = whole[len(whole) - keep :]
        return whole[: len(whole) - keep]

    def close(self) -> bytes:
        rest, self._held = self._held, b""
        return rest

    def cleaned(self, text: str) -> str:
        return self._replaced(text.encode("latin-1", "replace")).decode("latin-1")

    def _replaced(self, data: bytes) -> bytes:
        for secret in self._secrets:
            data = data.replace(secret, MARK)
        return data


def _overlap(data: bytes, secret: bytes) -> int:
    """How many bytes at the end are the beginning of the secret, yet not all of it."""
    longest = min(len(data), len(secret) - 1)
    return next((size for size in range(longest, 0, -1) if data.endswith(secret[:size])), 0)
