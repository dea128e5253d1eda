"""The adapter with the real library against a Cloud API that speaks the wire, and with the real listeners."""

import pytest

from apps.agents.models import Run
from apps.agents.services import announce, session_for
from apps.chats.models import Attachment, Channel, Chat, Message
from tests.fakes.json_api import Answer
from tests.fakes.stand_in import Hang
from tests.fakes.whatsapp_api import ANN, NUMBER, PHONE_ID, graph_error, message, value
from tests.platforms.adapters.whatsapp.support import GROUP, PNG, tell
from tests.platforms.support import detail, lost, registered_chat, send, status
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_redis")]


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


def test_a_token_that_was_revoked_is_found_though_nobody_writes(api, listeners, channel, settings):
    settings.CHANNEL_STALL_TIMEOUT = 1.5
    listeners.start()
    until(lambda: status() == "online")
    api.keep_failing("number", Answer(401, graph_error(190)))
    until(lambda: status() == "failed")
    assert "does not accept the access token" in detail()


def test_a_server_that_hangs_is_asked_again(api, listeners, channel, settings):
    settings.CHANNEL_STALL_TIMEOUT = 1
    api.fail("number", Hang(300))
    listeners.start()
    assert "Nothing was heard" in until(lost)
    until(lambda: status() == "online")
