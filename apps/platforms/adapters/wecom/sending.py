"""Sends for an app: text or markdown, pictures and files."""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.chats.models import Message
from apps.platforms.adapters.wecom.api import Client
from apps.platforms.adapters.wecom.errors import UNREADABLE_MARKUP, WeComError
from apps.platforms.base import OutboundFile, OutboundPart, PlatformError

MB = 1024 * 1024
IMAGES = ("image/jpeg", "image/png")
MOST_IMAGE, MOST_FILE, LEAST_FILE = 10 * MB, 20 * MB, 6  # bytes ("Upload temporary media")
REMEMBERED = 1800  # seconds for which WeCom knows a repeated message
MOST_REMEMBERED = 2000  # messages


class Repeats:
    """WeCom drops a message that says the same to the same person again. That is right for one that we send again
    because nobody knows whether it arrived, and wrong for a new one that happens to say the same."""

    def __init__(self) -> None:
        self._keys: OrderedDict[str, str] = OrderedDict()

    def to_be_dropped(self, message: Mapping[str, Any], key: str) -> int:
        """1: a second one is the same one; 0: it is meant to come twice."""
        said = hashlib.sha256(repr(sorted(message.items())).encode(errors="replace")).hexdigest()
        before = self._keys.get(said, key)
        self._keys[said] = key
        self._keys.move_to_end(said)
        if len(self._keys) > MOST_REMEMBERED:
            self._keys.popitem(last=False)
        return int(before == key)


class Sender:
    def __init__(self, client: Client, *, agent_id: int, markup: bool) -> None:
        self._client = client
        self._agent_id = agent_id
        self._markup = markup
        self._repeats = Repeats()

    async def send_text(self, part: OutboundPart) -> str:
        if self._markup and part.text != part.plain:
            try:
                return await self._send(part, "markdown", {"content": part.text})
            except WeComError as error:
                if error.code not in UNREADABLE_MARKUP:
                    raise
        return await self._send(part, "text", {"content": part.plain})

    async def send_file(self, part: OutboundFile) -> str:
        size = len(part.content)
        if not LEAST_FILE <= size <= MOST_FILE:
            said = _("WeCom takes files of 6 bytes to 20 MB, this one has %d bytes.") % size
            raise PlatformError(said, permanent=True)
        shown = part.kind == Message.Kind.IMAGE and part.mime in IMAGES and size <= MOST_IMAGE
        kind = "image" if shown else "file"
        media_id = await self._client.upload(kind, part.name, part.content, part.mime or "application/octet-stream")
        return await self._send(part, kind, {"media_id": media_id})

    async def _send(self, part: OutboundPart | OutboundFile, kind: str, content: Mapping[str, str]) -> str:
        message = {"touser": part.chat_id, "msgtype": kind, "agentid": self._agent_id, kind: dict(content)}
        check = self._repeats.to_be_dropped(message, part.idempotency_key)
        body = {**message, "enable_duplicate_check": check, "duplicate_check_interval": REMEMBERED}
        answer = await self._client.post("message/send", body)
        if answer.get("invaliduser") or answer.get("unlicenseduser"):  # no error to WeCom, but nobody read it
            said = _("WeCom does not know this person, or the app is not visible to them.")
            raise PlatformError(said, permanent=True)
        return str(answer.get("msgid") or "sent")
