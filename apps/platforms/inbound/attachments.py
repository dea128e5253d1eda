"""The rows of files that come with messages: a message waits for its files, and calls the agent once they are there."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from apps.agents.models import Run
from apps.agents.services import request_run
from apps.chats.engagement import says_trigger
from apps.chats.inbound import InboundAttachment, InboundMessage
from apps.chats.models import Attachment, Chat, Message
from apps.chats.services import storable

MEDIA_AWAITED = "media"  # published when there is something to fetch
ALBUM_SETTLE = timedelta(seconds=0.5)  # an album's pieces arrive within this
ALBUM_WINDOW = timedelta(minutes=2)  # how long after the first one a piece still belongs to it
MOST_FILES = 20  # of one message
MOST_ROWS = 100  # for one look


def album_of(chat: Chat, message: InboundMessage) -> Message | None:
    """The stored first piece of the same album, as long as no run has taken it."""
    since = timezone.now() - ALBUM_WINDOW
    pieces = Message.objects.inbound().filter(chat=chat, album=message.album, run=None, created_at__gte=since)
    return pieces.order_by("pk").first()


def extend(stored: Message, *, text: str, calls_agent: bool) -> None:
    """A further piece's words and call."""
    stored.text = f"{stored.text}\n{text}".strip()
    stored.calls_agent = stored.calls_agent or calls_agent
    if stored.pk:
        stored.save(update_fields=["text", "calls_agent"])


def rows(message: Message, arrived: InboundMessage) -> list[Attachment]:
    return [_row(message, attachment, arrived.external_id) for attachment in arrived.attachments[:MOST_FILES]]


def _row(message: Message, attachment: InboundAttachment, external_id: str) -> Attachment:
    return Attachment(
        message=message,
        kind=attachment.kind,
        name=storable(attachment.name)[:255],
        mime=storable(attachment.mime)[:127],
        size=max(0, min(attachment.size, 2**62)),
        state=Attachment.State.PENDING,
        external_id=external_id,
        source=dict(attachment.source),
    )


def to_fetch(but: Collection[int]) -> list[Attachment]:
    found = Attachment.objects.pending().exclude(pk__in=but).select_related("message__chat__channel")
    return list(found.select_related("message__chat__group").order_by("pk")[:MOST_ROWS])


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of a file: its path, or the error alone. `note`: why a voice message has no transcript."""

    path: str = ""
    size: int = 0
    transcript: str = ""
    note: str = ""
    error: str = ""


@transaction.atomic
def settle(attachment: Attachment, fetched: Fetched) -> bool:
    """The agent is called when a message waited for nothing but this. False: too late."""
    if fetched.error:
        won = attachment.mark_failed(fetched.error)
    else:
        transcript = storable(fetched.transcript)
        won = attachment.mark_ready(fetched.path, fetched.size, transcript, storable(fetched.note))
        if won and transcript:
            _hear(attachment.message, transcript)
    if won:
        call_settled(attachment.message.chat, attachment.message.thread_id)
    return won


def _hear(message: Message, transcript: str) -> None:
    """The trigger may have been spoken."""
    group = message.chat.group
    if group and not message.calls_agent and not message.withheld and says_trigger(group, transcript):
        message.calls_agent = True
        message.save(update_fields=["calls_agent"])


def call_settled(chat: Chat, thread_id: str, *, called: bool = False) -> None:
    """Asks for a run if somebody called (which may be known already) and everything before has its files."""
    awaiting = Attachment.objects.pending().filter(message__chat=chat, message__thread_id=thread_id, message__run=None)
    first_awaiting = awaiting.order_by("message_id").values_list("message_id", flat=True).first()
    if first_awaiting is not None or not called:
        calls = Message.objects.unhandled(chat, thread_id).filter(calls_agent=True)
        called = (calls if first_awaiting is None else calls.filter(pk__lt=first_awaiting)).exists()
    if chat.group and called:
        request_run(chat.group, chat=chat, cause=Run.Cause.MESSAGE, thread_id=thread_id)
