"""An app of WeCom, with the real listeners, against an API that speaks the wire."""

import pytest

from apps.agents.models import Run
from apps.chats.models import Attachment, Message
from apps.platforms.adapters.wecom.adapter import WeComAdapter
from apps.platforms.adapters.wecom.aibot.adapter import AiBotAdapter
from apps.platforms.registry import adapter_class
from tests.fakes.json_api import Answer
from tests.fakes.stand_in import Hang
from tests.fakes.wecom_api import BOT, app_message, error
from tests.platforms.adapters.wecom.support import PNG, tell
from tests.platforms.support import detail, lost, send, status
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_redis")]


def test_a_message_comes_in_and_an_answer_goes_out(api, listeners, chat):
    listeners.start()
    assert tell(chat.channel, app_message(text="你好")).status_code == 200

    said = Message.objects.inbound().get()
    assert (said.text, said.external_id, str(said.sender), said.calls_agent) == ("你好", "6001", "ann", True)
    send(chat, "**Hi** Ann")
    (sent,) = api.wait_for_calls("message/send")
    assert (sent.body["touser"], sent.body["agentid"], sent.body["msgtype"]) == ("ann", 1000002, "markdown")
    assert sent.body["markdown"] == {"content": "**Hi** Ann"}
    assert until(lambda: Message.objects.outbound().get().external_parts)[0].startswith("out-")


def test_a_photo_comes_with_the_message(api, listeners, chat):
    api.files = {"M1": PNG}
    listeners.start()
    tell(chat.channel, app_message(MsgType="image", MediaId="M1"))

    until(Run.objects.first)
    assert (Attachment.objects.get().state, Attachment.objects.get().size) == ("ready", len(PNG))


def test_a_file_that_is_not_to_be_had_is_a_placeholder_though_the_status_is_200(api, listeners, chat):
    listeners.start()
    tell(chat.channel, app_message(MsgType="voice", MediaId="gone"))

    until(Run.objects.first)
    assert "invalid media_id (40007)" in Attachment.objects.get().error


def test_a_secret_that_was_changed_is_found_though_nobody_writes(api, listeners, channel, settings):
    settings.CHANNEL_STALL_TIMEOUT = 1.5
    listeners.start()
    until(lambda: status() == "online")
    api.expire()
    api.keep_failing("gettoken", Answer(200, error(40001, "invalid credential")))
    until(lambda: status() == "failed")
    assert "invalid credential" in detail()


def test_a_server_that_hangs_is_asked_again(api, listeners, channel, settings):
    settings.CHANNEL_STALL_TIMEOUT = 1
    api.fail("gettoken", Hang(300))
    listeners.start()
    assert "Nothing was heard" in until(lost)
    until(lambda: status() == "online")


def test_the_kind_of_channel_says_which_adapter_it_has(channel):
    assert type(adapter_class("wecom").of(channel)) is WeComAdapter
    channel.credentials = BOT
    assert type(adapter_class("wecom").of(channel)) is AiBotAdapter
