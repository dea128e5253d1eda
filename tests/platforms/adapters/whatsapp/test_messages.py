"""The real library against a Cloud API that speaks the wire, with the real listeners, webhook and database."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.agents.models import Run
from apps.agents.services import announce, session_for
from apps.chats import services
from apps.chats.models import Attachment, Channel, Chat, Message
from apps.platforms import rendering
from apps.platforms.adapters.whatsapp.payloads import events
from apps.platforms.admin.channels import checked
from apps.platforms.base import Batch, Moved, Receipt
from apps.platforms.inbound import intake
from tests.fakes.json_api import Answer
from tests.fakes.stand_in import Cut, Garbage, Hang
from tests.fakes.whatsapp_api import (
    ANN,
    CREDENTIALS,
    NUMBER,
    PHONE_ID,
    TOKEN,
    graph_error,
    message,
    notification,
    signed,
    value,
)
from tests.platforms.adapters.whatsapp.support import GROUP, tell
from tests.platforms.hooks import call
from tests.platforms.support import age, detail, lost, outbound, registered_chat, send, status
from tests.platforms.test_media import put
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_redis")]

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 500


# In.


def test_a_message_comes_in_and_an_answer_goes_out(api, listeners, chat):
    listeners.start()
    assert tell(chat.channel, value(message(text="hello"))).status_code == 200

    said = Message.objects.inbound().get()
    assert (said.text, said.external_id, said.sender_name, said.calls_agent) == ("hello", "wamid.IN1", "Ann", True)
    send(chat, "**Hi** Ann", reply_to="wamid.IN1")
    (sent,) = api.wait_for_calls("messages")
    assert sent.path == f"/v26.0/{PHONE_ID}/messages"
    assert (sent.body["to"], sent.body["text"]["body"]) == (ANN, "*Hi* Ann")
    assert sent.body["context"] == {"message_id": "wamid.IN1"}
    assert until(lambda: Message.objects.outbound().get().external_parts)[0].startswith("wamid.OUT")


def test_of_a_batch_nothing_is_lost(chat):
    first = value(message(1), message(2))
    assert tell(chat.channel, first, value(message(3))).status_code == 200

    assert [row.external_id for row in Message.objects.order_by("pk")] == ["wamid.IN1", "wamid.IN2", "wamid.IN3"]


def test_a_group_is_answered_as_a_group(api, listeners, channel):
    chat = registered_chat(channel, GROUP)
    tell(channel, value(message(1, "just talk", group_id=GROUP), message(2, "@Andy hi", group_id=GROUP)))
    listeners.start()

    assert [row.calls_agent for row in Message.objects.order_by("pk")] == [False, True]
    assert Chat.objects.get(pk=chat.pk).kind == "group"
    send(chat, "hello")
    (sent,) = api.wait_for_calls("messages")
    assert (sent.body["to"], sent.body["recipient_type"]) == (GROUP, "group")


def test_a_reply_to_the_bot_calls_it_and_one_to_somebody_else_does_not(channel):
    registered_chat(channel, GROUP)
    ours, theirs = {"from": NUMBER, "id": "wamid.OUT1"}, {"from": "4915", "id": "wamid.X"}
    tell(channel, value(message(1, group_id=GROUP, context=ours), message(2, group_id=GROUP, context=theirs)))

    assert [row.calls_agent for row in Message.objects.order_by("pk")] == [True, False]


def test_who_has_no_number_is_answered_by_the_users_id(api, listeners, channel):
    chat = registered_chat(channel, "IL.42")
    said = {name: given for name, given in message().items() if name != "from"}
    tell(channel, value(said))
    listeners.start()

    assert Message.objects.get().sender_name == "Ann"
    send(chat, "hello")
    (sent,) = api.wait_for_calls("messages")
    assert sent.body["recipient"] == "IL.42"


def test_a_person_with_a_new_number_keeps_the_chat(chat):
    system = {"type": "user_changed_number", "wa_id": "4915"}
    body = notification(value(message(1), message(2, type="system", system=system)))
    assert [type(event) for event in events(body.encode(), PHONE_ID)] == [Batch, Moved]
    call(chat.channel, body, headers=signed(body))

    assert Chat.objects.get(pk=chat.pk).external_id == "4915"


def test_a_photo_comes_with_the_message(api, listeners, chat):
    api.files = {"M1": PNG}
    listeners.start()
    tell(chat.channel, value(message(type="image", image={"id": "M1", "mime_type": "image/png", "caption": "see"})))

    until(Run.objects.first)
    assert (Attachment.objects.get().state, Attachment.objects.get().size) == ("ready", len(PNG))


def test_a_file_that_is_not_to_be_had_is_a_placeholder(api, listeners, chat):
    listeners.start()
    tell(chat.channel, value(message(type="image", image={"id": "M9", "mime_type": "image/png"})))

    until(Run.objects.first)
    assert Attachment.objects.get().state == "failed"
    assert "Unsupported get request" in Attachment.objects.get().error


# Out.


def test_a_long_answer_arrives_in_parts(api, listeners, chat):
    listeners.start()
    send(chat, "a" * 4096 + "b")
    assert [sent.body["text"]["body"][:1] for sent in api.wait_for_calls("messages", 2)] == ["a", "b"]


@pytest.mark.parametrize(
    ("markdown", "written"),
    [
        ("**bold** *it* ~~gone~~ `x`", "*bold* _it_ ~gone~ `x`"),
        ("# Head", "*Head*"),
        ("**two\nlines**", "*two*\n*lines*"),
        ("[t](https://x.y)", "t (https://x.y)"),
        ("```py\nx\n```", "```x```"),
        ("> said", "> said"),
        ("- a\n- b", "• a\n• b"),
        ("**2*3**", "2*3"),
    ],
)
def test_whatsapps_marks(markdown, written):
    assert [part.text for part in rendering.parts(markdown, "whatsapp")] == [written]


def test_no_part_is_over_the_limit():
    text = "**word** `code` " * 900 + "\n\n```\n" + "line\n" * 2000 + "```"
    assert all(len(part.text) <= 4096 for part in rendering.parts(text, "whatsapp"))


def test_a_file_goes_out_an_image_is_shown(api, listeners, chat):
    listeners.start()
    put(chat, "plot.png", PNG)
    put(chat, "data.csv", b"a,b")
    image, document = (sent.body for sent in api.wait_for_calls("messages", 2))
    assert image["image"]["caption"] == "*Here*"
    assert (document["document"]["filename"], document["document"]["caption"]) == ("data.csv", "*Here*")
    assert [upload.files[0][1] for upload in api.calls_of("media")] == [PNG, b"a,b"]


def test_while_the_agent_works_the_newest_message_is_read_and_typing_shown(api, listeners, chat):
    tell(chat.channel, value(message(1), message(2)))
    Channel.objects.update(options={"api_base": api.url, "ack_reaction": "👀"})
    listeners.start()
    until(lambda: status() == "online")
    run = Run.objects.create(session=session_for(chat.group), chat=chat, cause="task", status="running")
    announce(Run.objects.select_related("session__group", "chat__channel").get(pk=run.pk))

    (read,) = api.wait_for_calls("read")[:1]
    assert (read.body["message_id"], read.body["typing_indicator"]) == ("wamid.IN2", {"type": "text"})


def test_a_reaction_goes_out(api, listeners, chat):
    Channel.objects.update(options={"api_base": api.url, "ack_reaction": "👀"})
    tell(chat.channel, value(message(7)))
    listeners.start()
    until(lambda: status() == "online")
    Run.objects.update(status="running")
    announce(Run.objects.select_related("session__group", "chat__channel").get())

    assert api.wait_for(lambda: any(sent.body["type"] == "reaction" for sent in api.sent))
    assert api.sent[0].body["reaction"] == {"message_id": "wamid.IN7", "emoji": "👀"}


# 24 hours.


def last_wrote(chat, **before):
    Chat.objects.filter(pk=chat.pk).update(last_message_at=timezone.now() - timedelta(**before))


def test_after_24_hours_an_answer_is_a_failed_one_and_says_why(api, listeners, chat):
    last_wrote(chat, hours=25)
    send(chat, "news")
    listeners.start()

    until(lambda: outbound("failed") == 1)
    assert "24 hours" in Message.objects.get().error
    assert not api.sent


def test_within_24_hours_it_is_sent(api, listeners, chat):
    last_wrote(chat, hours=23)
    send(chat, "news")
    listeners.start()
    assert api.wait_for_calls("messages")[0].body["type"] == "text"


@pytest.mark.parametrize("known", [True, False])
def test_after_24_hours_the_channels_template_carries_it(api, listeners, chat, known):
    """Also where only WhatsApp knows how long ago it was."""
    Channel.objects.update(options={"api_base": api.url, "template": "news_for_you", "template_language": "de"})
    if known:
        last_wrote(chat, hours=25)
    else:
        api.fail("messages", Answer(400, graph_error(131047, "Re-engagement message")))
    send(chat, "**Good**\n\nnews")
    listeners.start()

    (sent,) = api.wait_for_calls("messages")
    template = sent.body["template"]
    assert (template["name"], template["language"]) == ("news_for_you", {"code": "de"})
    assert template["components"][0]["parameters"] == [{"type": "text", "text": "Good news"}]
    until(lambda: outbound("sent") == 1)


def test_what_no_template_carries_is_said(api, listeners, chat):
    Channel.objects.update(options={"api_base": api.url, "template": "news"})
    last_wrote(chat, hours=25)
    send(chat, "x" * 2000)
    listeners.start()
    until(lambda: outbound("failed") == 1)
    assert "too long" in Message.objects.get().error


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


# Trouble.


def test_a_token_that_is_refused_is_said_and_not_tried_again(api, listeners, channel, caplog):
    Channel.objects.update(credentials={**CREDENTIALS, "access_token": "EAAwrong"})
    listeners.start()
    until(lambda: status() == "failed")
    assert "does not accept the access token" in detail()
    time.sleep(0.3)
    assert len(api.calls_of("number")) == 1
    assert "EAAwrong" not in detail() + caplog.text


def test_a_token_that_was_revoked_is_found_though_nobody_writes(api, listeners, channel, settings):
    settings.CHANNEL_STALL_TIMEOUT = 1.5
    listeners.start()
    until(lambda: status() == "online")
    api.keep_failing("number", Answer(401, graph_error(190)))
    until(lambda: status() == "failed")
    assert "does not accept the access token" in detail()


@pytest.mark.parametrize("trouble", [Answer(502), Garbage(), Cut()])
def test_a_server_in_trouble_is_asked_again(api, listeners, channel, trouble):
    api.fail("number", trouble)
    listeners.start()
    assert until(lost)
    until(lambda: status() == "online")
    assert len(api.calls_of("number")) == 1  # the one that was answered


def test_a_server_that_hangs_is_asked_again(api, listeners, channel, settings):
    settings.CHANNEL_STALL_TIMEOUT = 1
    api.fail("number", Hang(300))
    listeners.start()
    assert "Nothing was heard" in until(lost)
    until(lambda: status() == "online")


def test_rate_limited_waits_and_counts_no_attempt(api, listeners, chat):
    api.fail("messages", Answer(400, graph_error(130429, "Rate limit hit"), {"Retry-After": "1"}))
    send(chat, "one")
    listeners.start()
    (sent,) = api.wait_for_calls("messages")
    assert sent.at - api.calls_of("messages", done=False)[0].at >= 0.9
    until(lambda: outbound("sent") == 1)
    assert Message.objects.get().attempts == 1


@pytest.mark.parametrize("trouble", [Answer(503), Answer(500, graph_error(131000)), Garbage(), Cut()])
def test_passing_trouble_is_retried(api, listeners, chat, trouble):
    api.fail("messages", trouble)
    send(chat, "hi")
    listeners.start()
    until(lambda: outbound("sent") == 1)
    assert len(api.sent) == 1


def test_a_refusal_is_for_good_and_lets_the_next_pass(api, listeners, chat):
    api.fail("messages", Answer(400, graph_error(131026, "Message undeliverable", "Not on WhatsApp.")))
    send(chat, "one")
    send(chat, "two")
    listeners.start()
    assert api.wait_for_calls("messages")[0].body["text"]["body"] == "two"
    failed = Message.objects.get(text="one")
    assert (failed.delivery, "Not on WhatsApp." in failed.error) == ("failed", True)


def test_an_old_message_of_which_nobody_knows_is_left_for_a_person(api, listeners, chat):
    api.fail("messages", Cut(done=True))
    age(send(chat, "hi"), minutes=16)
    listeners.start()
    until(lambda: outbound("unknown") == 1)
    assert len(api.sent) == 1


# Test connection.


def test_the_connection_is_tested(channel):
    worked, said = checked(channel)
    assert worked
    assert "+1 555-078-3881 (Andy)" in said
    assert f"/hooks/whatsapp/{channel.pk}/" in said


@pytest.mark.parametrize(
    ("credentials", "options", "sentence"),
    [
        ({"access_token": "EAAwrong"}, {}, "does not accept the access token"),
        ({"phone_id": "777"}, {}, "knows no number"),
        ({"app_secret": ""}, {}, "“app_secret”"),
        ({}, {"api_base": "http://127.0.0.1:1"}, "cannot be reached"),
    ],
)
def test_what_is_wrong_is_said(channel, credentials, options, sentence):
    channel.credentials = {**CREDENTIALS, **credentials}
    channel.options = {**channel.options, **options}
    worked, said = checked(channel)
    assert (worked, sentence in said) == (False, True), said
    assert TOKEN not in said
    assert "EAAwrong" not in said
