"""WhatsApp's notifications in the product's words, the hostile ones too."""

import json

import pytest

from apps.chats import services
from apps.chats.models import Chat, Message
from apps.platforms.adapters.whatsapp.payloads import events
from apps.platforms.base import Batch, Moved, Receipt
from apps.platforms.inbound import intake
from tests.fakes.whatsapp_api import NUMBER, PHONE_ID, message, notification, signed, value
from tests.platforms.adapters.whatsapp.support import tell
from tests.platforms.fuzz import mutations, survived
from tests.platforms.hooks import call
from tests.platforms.support import outbound, send
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_redis")]


def test_of_a_batch_nothing_is_lost(chat):
    first = value(message(1), message(2))
    assert tell(chat.channel, first, value(message(3))).status_code == 200

    assert [row.external_id for row in Message.objects.order_by("pk")] == ["wamid.IN1", "wamid.IN2", "wamid.IN3"]


def test_a_person_with_a_new_number_keeps_the_chat(chat):
    system = {"type": "user_changed_number", "wa_id": "4915"}
    body = notification(value(message(1), message(2, type="system", system=system)))
    assert [type(event) for event in events(body.encode(), PHONE_ID)] == [Batch, Moved]
    call(chat.channel, body, headers=signed(body))

    assert Chat.objects.get(pk=chat.pk).external_id == "4915"


def test_a_part_that_did_not_arrive_after_all_is_a_failed_one(api, listeners, chat):
    listeners.start()
    send(chat, "hello")
    (part_id,) = until(
        lambda: Message.objects.filter(delivery="sent").exists() and Message.objects.get().external_parts
    )
    why = [{"code": 131026, "title": "Undeliverable", "error_data": {"details": "Not on WhatsApp."}}]
    delivered = {"id": part_id, "status": "delivered"}
    assert events(notification(value(statuses=[delivered])).encode(), PHONE_ID) == []
    body = notification(value(statuses=[{"id": part_id, "status": "failed", "errors": why}]))
    assert events(body.encode(), PHONE_ID) == [Receipt(part_id, "WhatsApp did not deliver it: Not on WhatsApp.")]
    call(chat.channel, body, headers=signed(body))

    failed = Message.objects.get()
    assert failed.delivery == "failed"
    assert services.resend(failed)
    until(lambda: outbound("sent") == 1)
    assert [sent.body["text"]["body"] for sent in api.sent] == ["hello", "hello"]


def test_of_a_message_whose_second_part_is_on_its_way_the_first_may_have_failed(chat):
    message = send(chat, "hello")
    assert message.claim_delivery()
    message.mark_part_sent("wamid.1")
    intake.note_receipt(chat.channel, Receipt("wamid.1", "Not on WhatsApp."))
    message.mark_part_sent("wamid.2")
    message.mark_sent()

    message.refresh_from_db()
    assert (message.delivery, message.external_parts) == ("failed", [])


def test_what_is_no_message_of_somebody_else_is_passed_over():
    own = {**message(), "from": NUMBER}
    assert events(notification(value(own)).encode(), PHONE_ID) == []


def test_no_payload_breaks_the_translation():
    image = message(2, type="image", image={"id": "M1", "mime_type": "image/png"}, context={"from": "1", "id": "2"})
    failed = {"id": "wamid.O", "status": "failed", "errors": [{"title": "no", "error_data": {"details": "why"}}]}
    recorded = json.loads(notification(value(message(), image, statuses=[failed])))
    bodies = [json.dumps(payload).encode() for payload in mutations(recorded)]
    assert survived(lambda body: events(body, PHONE_ID), bodies) > 0
