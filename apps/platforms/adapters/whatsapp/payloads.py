"""Translates WhatsApp's notifications into the product's words. Pure: no network, no database.

Our own: the library looks only at the first message of a notification, and WhatsApp sends several in one.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from apps.chats.inbound import InboundMessage
from apps.chats.models import Chat
from apps.platforms.adapters.whatsapp.content import attachments, content, digits, mapping, mappings, text_at
from apps.platforms.adapters.whatsapp.interactions import pressed
from apps.platforms.adapters.whatsapp.reactions import is_reaction, reacted
from apps.platforms.base import Batch, Event, Moved, PayloadError, Receipt

logger = logging.getLogger(__name__)

Json = Mapping[str, Any]


def events(body: bytes, phone_id: str) -> list[Event]:
    """What concerns this number, in order; raises PayloadError. An unreadable message costs only itself."""
    try:
        given: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise PayloadError(_("It is no JSON.")) from None
    if text_at(mapping(given), "object") != "whatsapp_business_account":
        raise PayloadError(_("It is no notification of WhatsApp."))
    return _together(event for value in _values(given, phone_id) for event in _of_value(value))


def _values(given: Json, phone_id: str) -> Iterator[Json]:
    for entry in mappings(given.get("entry")):
        for change in mappings(entry.get("changes")):
            value = mapping(change.get("value"))
            ours = text_at(mapping(value.get("metadata")), "phone_number_id") == phone_id
            if change.get("field") == "messages" and ours:
                yield value
            else:
                # The numbers of one account share an address: refused, it would only come again, for days.
                logger.info("a notification for another number or of another kind is passed over")


def _of_value(value: Json) -> Iterator[InboundMessage | Moved | Receipt]:
    for given in mappings(value.get("messages")):
        try:
            found = _message(given, value)
        except PayloadError as error:
            logger.warning("a message of WhatsApp is passed over: %s", error)
            continue
        if found:
            yield found
    for status in mappings(value.get("statuses")):
        if text_at(status, "status") == "failed" and text_at(status, "id"):
            yield Receipt(text_at(status, "id"), failed=_why(status))


def _together(found: Iterator[InboundMessage | Moved | Receipt]) -> list[Event]:
    """Messages in one batch, as far as no chat moves between them."""
    events: list[Event] = []
    for each in found:
        if not isinstance(each, InboundMessage):
            events.append(each)
        elif events and isinstance(events[-1], Batch):
            events[-1].append(each)
        else:
            events.append(Batch([each]))
    return events


def _message(given: Json, value: Json) -> InboundMessage | Moved | None:
    """None for what is no message of somebody else: our own."""
    # Who uses a username may have no number for us, only an id.
    sender = text_at(given, "from") or text_at(given, "from_user_id")
    ours = digits(text_at(mapping(value.get("metadata")), "display_phone_number"))
    if not sender or not text_at(given, "id"):
        raise PayloadError(_("It has no sender or no id."))
    if sender == ours:
        return None
    if given.get("type") == "system":
        return _moved(sender, mapping(given.get("system")))
    return _inbound(given, value, sender, ours)


def _moved(sender: str, system: Json) -> Moved | None:
    new = text_at(system, "wa_id")
    return Moved(sender, new) if new and new != sender else None


def _inbound(given: Json, value: Json, sender: str, ours: str) -> InboundMessage:
    kind, text = content(given)
    group_id, quoted = text_at(given, "group_id"), mapping(given.get("context"))
    name = _name(value, sender)
    message = InboundMessage(
        external_id=text_at(given, "id"),
        chat_id=group_id or sender,
        chat_kind=Chat.Kind.GROUP if group_id else Chat.Kind.DIRECT,
        chat_title="" if group_id else name,
        sender_id=sender,
        sender_name=name,
        text=text,
        pressed=pressed(given),
        kind=kind,
        reply_to=text_at(quoted, "id"),
        mentions_bot=bool(ours) and digits(text_at(quoted, "from")) == ours,
        attachments=attachments(given, kind),
        context={"message_id": text_at(given, "id")},
        sent_at=_time(given),
    )
    return reacted(message, given) if is_reaction(given) else message


def _name(value: Json, sender: str) -> str:
    for contact in mappings(value.get("contacts")):
        if sender in (contact.get("wa_id"), contact.get("user_id")):
            return text_at(mapping(contact.get("profile")), "name")
    return ""


def _time(given: Json) -> datetime:
    """Never in the future: a chat's 24 hours are counted from it."""
    now = datetime.now(UTC)
    try:
        return min(datetime.fromtimestamp(int(text_at(given, "timestamp")), UTC), now)
    except (ValueError, OverflowError, OSError):
        return now


def _why(status: Json) -> str:
    error = next(iter(mappings(status.get("errors"))), {})
    told = text_at(mapping(error.get("error_data")), "details") or text_at(error, "title") or text_at(error, "message")
    return _("WhatsApp did not deliver it: %s") % (told[:500] or _("no reason given"))
