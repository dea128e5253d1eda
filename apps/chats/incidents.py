"""Writing down what a person should see; the same sentence again only counts."""

import logging
from typing import Any

from django.db.models import F
from django.utils import timezone

from apps.chats.models import Incident

logger = logging.getLogger(__name__)


def record(kind: str, subject: object, sentence: str) -> None:
    sentence = sentence.replace("\0", "")  # PostgreSQL would refuse to hear of it
    key: dict[str, Any] = {"kind": kind, "subject": str(subject)[:200], "sentence": sentence, "seen": False}
    logger.warning("incident %s of %s: %s", kind, subject, sentence)
    _, created = Incident.objects.get_or_create(**key)
    if not created:
        Incident.objects.filter(**key).update(times=F("times") + 1, last_at=timezone.now())
