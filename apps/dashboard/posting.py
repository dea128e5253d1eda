"""What a person writes on the chat page, on its way into the product."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.chats.inbound import InboundMessage
from apps.chats.models import Chat, Message, Sender
from apps.chats.services import storable
from apps.dashboard import uploads
from apps.dashboard.transcript import sender_id
from apps.platforms.inbound.intake import accept

MOST_CHARACTERS = 32_000
BURST, BURST_S = 20, 10.0  # messages of one chat in so many seconds


class PostError(Exception):
    """The message is not taken; the sentence says why. status: the HTTP status that fits."""

    def __init__(self, sentence: str, *, status: int = 400) -> None:
        super().__init__(sentence)
        self.status = status


def post(chat: Chat, *, user: User, external_id: str, text: str, files: Sequence[uploads.Upload] = ()) -> Message:
    """Stores it, or finds it stored: the same external id again changes nothing. Raises PostError."""
    text = storable(text)
    _check(external_id, text, files)
    known = chat.messages.inbound().filter(external_id=external_id)
    if (message := known.first()) is not None:
        return message
    if _is_too_fast(chat):
        raise PostError(_("Too many messages in a short time: wait some seconds."), status=429)
    try:
        return _store(chat, _inbound(chat, user, external_id, text), files)
    except _NotStoredError as error:
        if (message := known.first()) is not None:  # the same request, a moment earlier
            return message
        sentence = _("The message was not accepted: the sender is blocked, or a plugin refused it.")
        raise PostError(sentence, status=403) from error
    except uploads.UploadError as error:
        raise PostError(str(error), status=error.status) from error


class _NotStoredError(Exception):
    """Intake did not want it."""


def _store(chat: Chat, message: InboundMessage, files: Sequence[uploads.Upload]) -> Message:
    """With its files, or nothing of both."""
    assert chat.group is not None
    with uploads.saved(chat.group, files) as saved, transaction.atomic():
        whole = replace(message, attachments=tuple(one.attachment for one in saved))
        if (stored := accept(chat.channel, whole)) is None:
            raise _NotStoredError
        uploads.attach(chat.group, stored, saved)
        return stored


def _check(external_id: str, text: str, files: Sequence[uploads.Upload]) -> None:
    try:
        uuid.UUID(external_id)
    except ValueError as error:
        raise PostError(_("The message has no valid id.")) from error
    if not text.strip() and not files:
        raise PostError(_("The message is empty."))
    try:
        uploads.check(files)
    except uploads.UploadError as error:
        raise PostError(str(error), status=error.status) from error
    if len(text) > MOST_CHARACTERS:
        sentence = _("The message has %(length)d characters; at most %(most)d are taken.")
        raise PostError(sentence % {"length": len(text), "most": MOST_CHARACTERS}, status=413)


def _is_too_fast(chat: Chat) -> bool:
    newest = chat.messages.inbound().order_by("-pk").values_list("created_at", flat=True)[BURST - 1 : BURST]
    return any(stored > timezone.now() - timedelta(seconds=BURST_S) for stored in newest)


def _inbound(chat: Chat, user: User, external_id: str, text: str) -> InboundMessage:
    """Whoever writes here writes to the agent: no trigger is needed."""
    return InboundMessage(
        external_id=external_id,
        chat_id=chat.external_id,
        chat_kind=Chat.Kind.DIRECT,
        chat_title=chat.title,
        sender_id=sender_id(user.pk),
        sender_name=user.get_username(),
        text=text,
        mentions_bot=True,
        access=Sender.Access.ADMIN if user.has_perm("chats.change_group") else Sender.Access.ALLOWED,
    )
