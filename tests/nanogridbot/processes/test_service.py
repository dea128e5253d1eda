"""What `up` waits for at a stop."""

import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from apps.chats.models import Chat, Message
from apps.chats.services import create_group, web_chat
from nanogridbot.processes import service


def queued(chat: Chat, *, due: timedelta) -> Message:
    when = timezone.now() + due
    return Message.objects.create(chat=chat, direction="out", text="hi", delivery="queued", next_attempt_at=when)


@pytest.mark.django_db
def test_a_stop_waits_for_what_can_be_delivered_and_for_no_later_try(monkeypatch):
    queued(web_chat(create_group(folder="family")), due=timedelta(hours=1))
    last = queued(web_chat(create_group(folder="office")), due=timedelta())
    waits = []

    def delivered_meanwhile(seconds: float) -> None:
        waits.append(seconds)
        Message.objects.filter(pk=last.pk).update(delivery="sent")

    monkeypatch.setattr(service, "time", SimpleNamespace(monotonic=time.monotonic, sleep=delivered_meanwhile))
    service._wait_for_outbox()
    assert len(waits) == 1
