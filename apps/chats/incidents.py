"""Writing down what a person should see; the same sentence again only counts."""

import logging
from typing import Any

from django.db.models import F
from django.utils import timezone

from apps.chats.models import Incident
from apps.chats.services import storable

logger = logging.getLogger(__name__)

LONGEST = 1500  # bytes of a sentence: what is unique stands in an index, of which PostgreSQL takes 2,704 a row


def record(kind: str, subject: object, sentence: str) -> None:
    sentence = _short(storable(sentence))  # it may tell of what no database takes
    key: dict[str, Any] = {"kind": kind, "subject": storable(str(subject))[:200], "sentence": sentence, "seen": False}
    logger.warning("incident %s of %s: %s", kind, subject, sentence)
    _, created = Incident.objects.get_or_create(**key)
    if not created:
        Incident.objects.filter(**key).update(times=F("times") + 1, last_at=timezone.now())


def _short(sentence: str) -> str:
    told = sentence.encode()
    return sentence if len(told) <= LONGEST else told[: LONGEST - 3].decode(errors="ignore") + "…"
