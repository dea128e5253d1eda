"""What arrives becomes rows, and a run where it calls the agent: one transaction, before the platform is told.

Everything is asked for the whole batch at once, so that a flood costs few statements.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.utils import Error as DatabaseProblem
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.agents.models import asked_in_chat
from apps.agents.questions import answers
from apps.agents.runs import prewarm
from apps.chats import incidents
from apps.chats.access import Verdict
from apps.chats.inbound import InboundMessage
from apps.chats.models import Attachment, Channel, Chat, Message, Sender
from apps.chats.services import storable
from apps.events import hooks
from apps.events.pubsub import publish_on_commit
from apps.platforms import error_messages
from apps.platforms.base import Batch, Event, Identity, Moved, Receipt
from apps.platforms.inbound import attachments, quotes
from apps.platforms.inbound.admission import Admitted, admit, may_be_heard, parts, settle

logger = logging.getLogger(__name__)

NAME_LENGTH = 255  # what the columns of names and ids hold
RECEIPTS_OF = timedelta(days=2)  # how long after the sending a platform may say that it failed
MOST_RECEIPTS = 2000  # sent messages among which a receipt's part is looked for
ACTIVITY_STEP = timedelta(seconds=5)  # a chat's last activity is noted this exactly: a burst costs one write


def take(channel: Channel, event: Event) -> None:
    """One event of an adapter or a webhook, stored; raises as `accept_all` does."""
    if isinstance(event, Batch):
        accept_all(channel, event)
    elif isinstance(event, Moved):
        move_chat(channel, event.chat_id, event.new_chat_id)
    elif isinstance(event, Receipt):
        note_receipt(channel, event)
    elif isinstance(event, Identity):
        channel.mark_identity(dict(event.ids))


def accept(channel: Channel, message: InboundMessage) -> Message | None:
    """The stored message; None for a second delivery, a refusal, or a chat that is not registered."""
    stored = accept_all(channel, [message])
    return stored[0] if stored else None


def accept_all(channel: Channel, batch: Sequence[InboundMessage]) -> list[Message]:
    """Stores what arrived together, all or nothing; a message that cannot be stored at all becomes an incident.

    Raises OperationalError or InterfaceError when the database is away: the platform must deliver again.
    """
    clean = [_storable(message) for message in batch]
    try:
        return _store(channel, clean)
    except (OperationalError, InterfaceError):
        raise
    except IntegrityError:
        logger.info("some of %d messages on %s came twice at the same time; one by one now", len(clean), channel)
    except (DatabaseProblem, ValueError):
        logger.exception("a batch of %d on %s could not be stored at once; one by one now", len(clean), channel)
    return [stored for message in clean for stored in _store_or_report(channel, message)]


def move_chat(channel: Channel, old_id: str, new_id: str) -> None:
    """The platform gave the chat another id: its transcript and group go with it."""
    with transaction.atomic():
        Chat.objects.filter(channel=channel, external_id=new_id, group=None).delete()
        if Chat.objects.filter(channel=channel, external_id=new_id).exists():
            logger.warning("chat %s of %s moved to %s, which is registered already", old_id, channel, new_id)
            return
        if Chat.objects.filter(channel=channel, external_id=old_id).update(external_id=new_id):
            logger.info("chat %s of %s has the new id %s", old_id, channel, new_id)


def note_receipt(channel: Channel, receipt: Receipt) -> None:
    """A part that was taken but not delivered makes its message a failed one."""
    if not receipt.failed:
        return
    recent = timezone.now() - RECEIPTS_OF
    sent = Message.objects.outbound().filter(chat__channel=channel, sent_at__gte=recent)
    # Compared here: SQLite cannot look into a JSON list. A message's other parts may still be on their way.
    for message in sent.exclude(delivery=Message.Delivery.FAILED).order_by("-pk")[:MOST_RECEIPTS]:
        if receipt.part_id in message.external_parts:
            message.mark_lost(receipt.part_id, storable(receipt.failed))
            incidents.record("delivery", message.chat, error_messages.not_delivered(receipt.failed))
            transaction.on_commit(partial(hooks.message_delivered.fire, message=message))
            return


def _storable(message: InboundMessage) -> InboundMessage:
    """With texts that every database keeps, and names that fit."""
    return replace(
        message,
        text=storable(message.text),
        quoted_text=storable(message.quoted_text),
        sender_name=_short(message.sender_name),
        chat_title=_short(message.chat_title),
        quoted_sender=_short(message.quoted_sender),
    )


def _short(name: str) -> str:
    return storable(name)[:NAME_LENGTH]


def _store_or_report(channel: Channel, message: InboundMessage) -> list[Message]:
    try:
        with transaction.atomic():
            return _look_and_keep(channel, [message])
    except (OperationalError, InterfaceError):
        raise
    except (DatabaseProblem, ValueError) as error:
        # Delivered again it would fail again, and hold up everybody behind it.
        said = _("The message %(id)s could not be stored: %(why)s")
        incidents.record("intake", channel, said % {"id": message.external_id, "why": error})
        return []


def _store(channel: Channel, batch: Sequence[InboundMessage]) -> list[Message]:
    """An album's pieces may come side by side, and have no constraint: they are looked up where nobody else writes."""
    if any(message.album for message in batch):
        with transaction.atomic():
            return _look_and_keep(channel, batch)
    return _look_and_keep(channel, batch)


def _look_and_keep(channel: Channel, batch: Sequence[InboundMessage]) -> list[Message]:
    """What can be read before the transaction is: while it lasts, SQLite lets nobody else write."""
    senders = _known_senders(channel, batch)
    welcome = [message for message in batch if _is_welcome(channel, senders.get(message.sender_id), message)]
    chats, changes = _chats(channel, welcome)
    fresh = quotes.placed(chats, _fresh(senders, chats, welcome))
    return _keep(channel, senders, chats, changes, fresh) if fresh or changes else []


@transaction.atomic
def _keep(
    channel: Channel,
    senders: dict[str, Sender],
    chats: dict[str, Chat],
    changes: dict[int, dict[str, Any]],
    fresh: Sequence[InboundMessage],
) -> list[Message]:
    for pk, changed in changes.items():
        Chat.objects.filter(pk=pk).update(**changed)
    _introduce(channel, senders, fresh)
    admitted = [admit(channel, chats[each.chat_id], senders[each.sender_id], each) for each in fresh]
    stored = [row for part in parts(admitted) for row in _settle(part)]
    for message in stored:
        _tell_on_commit(message)
    return stored


def _settle(part: Sequence[Admitted]) -> list[Message]:
    """Stores a part and does what it asks for; only the last of it may be more than a message to be stored."""
    last = part[-1] if part[-1].stands_alone else None
    stored = _insert(part[:-1] if last else part)
    _call_agents(stored)
    return [*stored, *_settle_alone(last)] if last else stored


def _settle_alone(each: Admitted) -> list[Message]:
    row = _row(each)
    if each.command is None and answers.take(row, each.message, asked=each.is_asked):
        row.save()
        return [row]
    return settle(each, row)


def _insert(part: Iterable[Admitted]) -> list[Message]:
    """The rows that are kept, with their files; of an album only the first piece becomes a row."""
    rows: list[Message] = []
    files: list[Attachment] = []
    albums: dict[tuple[str, str], Message] = {}
    for each in part:
        message, row = each.message, _row(each)
        if answers.take(row, message, asked=each.is_asked):
            rows.append(row)
            continue
        album = (message.chat_id, message.album)
        first = (albums.get(album) or attachments.album_of(row.chat, message)) if message.album else None
        if first and each.verdict is not Verdict.WITHHELD:
            attachments.extend(first, text=message.text, calls_agent=row.calls_agent)
        elif each.verdict is not Verdict.DROPPED and not message.pressed:
            rows.append(row)
        else:
            continue
        if message.album:
            albums.setdefault(album, first or row)
        if not row.withheld:
            files += attachments.rows(first or row, message)
    stored = Message.objects.bulk_create(rows)
    if files:
        Attachment.objects.bulk_create(files)
        publish_on_commit(attachments.MEDIA_AWAITED)
    return stored


def _known_senders(channel: Channel, batch: Iterable[InboundMessage]) -> dict[str, Sender]:
    ids = {message.sender_id for message in batch}
    found = Sender.objects.filter(channel=channel, external_id__in=ids).order_by()
    return {sender.external_id: sender for sender in found}


def _is_welcome(channel: Channel, sender: Sender | None, message: InboundMessage) -> bool:
    if sender and sender.access == Sender.Access.BLOCKED:
        return False
    if refusal := hooks.message_arriving.refusal(inbound=message, channel=channel):
        logger.info("message %s on %s is refused: %s", message.external_id, channel, refusal)
        return False
    return True


def _chats(channel: Channel, batch: Sequence[InboundMessage]) -> tuple[dict[str, Chat], dict[int, dict[str, Any]]]:
    """The chats by their external ids, made where they are new; and what of them is to be written, by their keys."""
    latest: dict[str, InboundMessage] = {}
    for message in batch:
        if message.chat_id not in latest or latest[message.chat_id].sent_at <= message.sent_at:
            latest[message.chat_id] = message
    found = Chat.objects.filter(channel=channel, external_id__in=latest).select_related("group").order_by()
    found = found.annotate(is_asked=asked_in_chat())
    chats = {chat.external_id: chat for chat in found}
    changes = {}
    for chat_id, message in latest.items():
        if chat := chats.get(chat_id):
            chat.channel = channel
            if changed := _freshen(chat, message):
                changes[chat.pk] = changed
        else:
            chats[chat_id] = Chat.objects.create(
                channel=channel,
                external_id=chat_id,
                kind=message.chat_kind,
                title=message.chat_title,
                last_message_at=message.sent_at,
                context=dict(message.context),
            )
    return chats, changes


def _freshen(chat: Chat, message: InboundMessage) -> dict[str, Any]:
    """Its newest title and activity; returns what is to be written."""
    seen: dict[str, Any] = {}
    if not message.pressed:  # which may not tell what kind of chat it is
        seen = {"kind": message.chat_kind, "title": message.chat_title or chat.title}
    if chat.last_message_at is None or message.sent_at - chat.last_message_at > ACTIVITY_STEP:
        seen["last_message_at"] = message.sent_at
    if message.context:
        seen["context"] = dict(message.context)
    changed = {name: value for name, value in seen.items() if getattr(chat, name) != value}
    for name, value in changed.items():
        setattr(chat, name, value)
    return changed


def _fresh(senders: dict[str, Sender], chats: dict[str, Chat], batch: Iterable[InboundMessage]) -> list[InboundMessage]:
    """Of registered chats only, or where we asked or may let somebody in, and without second deliveries.

    The unique constraint guards against a race.
    """
    first: dict[tuple[int, str], InboundMessage] = {}
    for message in batch:
        if may_be_heard(chats[message.chat_id], senders.get(message.sender_id), message):
            first.setdefault((chats[message.chat_id].pk, message.external_id), message)
    if not first:
        return []
    chat_ids = {chat_id for chat_id, _ in first}
    known = Message.objects.inbound().filter(
        chat__in=chat_ids, external_id__in={external_id for _, external_id in first}
    )
    seen = set(known.order_by().values_list("chat", "external_id"))
    if pieces := {external_id for (_, external_id), message in first.items() if message.album}:
        found = Attachment.objects.filter(message__chat__in=chat_ids, external_id__in=pieces)
        seen |= set(found.values_list("message__chat", "external_id"))
    return [message for key, message in first.items() if key not in seen]


def _introduce(channel: Channel, senders: dict[str, Sender], batch: Iterable[InboundMessage]) -> None:
    """Makes the rows of new senders, and takes over changed names."""
    for message in batch:
        sender = senders.get(message.sender_id)
        if sender is None:
            senders[message.sender_id] = Sender.objects.create(
                channel=channel,
                external_id=message.sender_id,
                name=message.sender_name,
                access=message.access or Sender.Access.UNKNOWN,
            )
            continue
        if message.sender_name and sender.name != message.sender_name:
            sender.name = message.sender_name
            sender.save(update_fields=["name"])
        if message.access and message.access != sender.access:
            sender.grant(message.access)


def _row(each: Admitted) -> Message:
    message = each.message
    return Message(
        chat=each.chat,
        direction=Message.Direction.IN,
        external_id=message.external_id,
        sender=each.sender,
        sender_name=message.sender_name or each.sender.name,
        text=message.text,
        kind=message.kind,
        reply_to=message.reply_to,
        quoted_sender=message.quoted_sender,
        quoted_text=message.quoted_text,
        thread_id=message.thread_id,
        album=message.album,
        calls_agent=each.calls_agent,
        withheld=each.is_withheld,
        sent_at=message.sent_at,
    )


def _call_agents(stored: Iterable[Message]) -> None:
    """One request for each conversation in which somebody called; files that are still to come hold it back."""
    calls = {(message.chat_id, message.thread_id): message.chat for message in stored if message.calls_agent}
    for (_chat, thread_id), chat in calls.items():
        attachments.call_settled(chat, thread_id, called=True)
    chatter = {(message.chat_id, message.thread_id): message.chat for message in stored if not message.calls_agent}
    for (_chat, thread_id), chat in chatter.items():
        prewarm.consider(chat, thread_id)


def _tell_on_commit(message: Message) -> None:
    transaction.on_commit(lambda: hooks.message_stored.fire(message=message))
