"""Sends texts, pictures and files to QQ."""

import base64
from collections.abc import Awaitable, Callable

from django.utils.translation import gettext as _

from apps.chats.models import Message
from apps.platforms.adapters.qq.api import Json
from apps.platforms.base import OutboundFile, OutboundPart, PlatformError

Call = Callable[..., Awaitable[Json]]  # an action and its parameters; the answer's data


async def send_text(call: Call, part: OutboundPart) -> str:
    return await _send(call, part, {"type": "text", "data": {"text": part.text}})


async def send_file(call: Call, part: OutboundFile) -> str:
    """The bytes themselves: the implementation may run on another machine."""
    content = f"base64://{base64.b64encode(part.content).decode()}"
    if part.kind == Message.Kind.IMAGE:
        return await _send(call, part, {"type": "image", "data": {"file": content}})
    kind, place = _place(part.chat_id)
    data = await call(f"upload_{kind}_file", **place, file=content, name=part.name)
    return str(data.get("message_id") or data.get("file_id") or "file")


async def _send(call: Call, part: OutboundPart | OutboundFile, segment: Json) -> str:
    kind, place = _place(part.chat_id)
    answered = part.reply_to.partition(".")[0]  # behind the dot is the time
    reply = [{"type": "reply", "data": {"id": answered}}] if answered else []
    data = await call(f"send_{kind}_msg", **place, message=[*reply, segment])
    return str(data.get("message_id", ""))


def _place(chat_id: str) -> tuple[str, Json]:
    """`group_777` or `user_42`, as OneBot names them."""
    kind, _line, number = chat_id.partition("_")
    if kind not in ("group", "user") or not number.isdecimal():
        raise PlatformError(_("A chat of QQ is called group_777 or user_42."), permanent=True)
    return ("group", {"group_id": int(number)}) if kind == "group" else ("private", {"user_id": int(number)})
