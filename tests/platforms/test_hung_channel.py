"""One platform's server takes every request and says nothing: all other channels go on as if it were not there.

What is sent to QQ, WhatsApp and WeCom hangs in test_faults.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from apps.chats.models import Attachment, Channel, Message
from tests.fakes import dingtalk_api, discord_api, discord_gateway, feishu_api, slack_api, stand_in, telegram_api
from tests.platforms.support import outbound, registered_chat, send, status, telegram_channel
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_redis")]

MESSAGES = 20
LONG = 300.0  # seconds: longer than any of these tests


@dataclass(frozen=True)
class Hanging:
    """How a platform hangs: `at_first` when it is connected to, `later` when something is sent and a file fetched."""

    fake: Callable[[], Any]
    credentials: dict[str, str]
    chat: str
    at_first: Callable[[Any], Any]
    later: Callable[[Any], Any]
    say_with_file: Callable[[Any], Any]


def hang_at(*names: str) -> Callable[[Any], Any]:
    return lambda api: [api.keep_failing(name, stand_in.Hang(LONG)) for name in names]


def a_document(url: str) -> dict[str, Any]:
    return {"id": "1", "filename": "a.txt", "size": 1, "url": f"{url}/cdn/a.txt", "content_type": "text/plain"}


def a_slack_file(api: slack_api.SlackApi) -> dict[str, Any]:
    url = f"{api.url.removesuffix('/api')}/files/a.txt"
    return {"id": "F1", "name": "a.txt", "mimetype": "text/plain", "size": 1, "url_private_download": url}


PLATFORMS = {
    "telegram": Hanging(
        telegram_api.TelegramApi,
        {"token": telegram_api.TOKEN},
        "-1002",
        at_first=hang_at("getMe", "getUpdates"),
        later=hang_at("sendMessage", "getFile"),
        say_with_file=lambda api: api.say(
            chat_id=-1002, document={"file_id": "f", "file_unique_id": "f", "file_size": 1, "file_name": "a.txt"}
        ),
    ),
    "slack": Hanging(
        slack_api.SlackApi,
        {"bot_token": slack_api.BOT_TOKEN, "app_token": slack_api.APP_TOKEN},
        "C1",
        at_first=hang_at("auth.test", "apps.connections.open"),
        later=hang_at("chat.postMessage", "file"),
        say_with_file=lambda api: api.say("<@UBOT> look", subtype="file_share", files=[a_slack_file(api)]),
    ),
    "discord": Hanging(
        discord_api.DiscordApi,
        {"token": discord_gateway.TOKEN},
        "600",
        at_first=hang_at("me", "socket"),
        later=hang_at("send", "file"),
        say_with_file=lambda api: api.say("@Andy look", attachments=[a_document(api.url)]),
    ),
    "feishu": Hanging(
        feishu_api.FeishuApi,
        {"app_id": feishu_api.APP_ID, "app_secret": feishu_api.SECRET},
        "oc_team",
        at_first=hang_at("token", "bot", "endpoint"),
        later=hang_at("send", "reply", "resource"),
        say_with_file=lambda api: api.say(message_type="image", content=json.dumps({"image_key": "img1"})),
    ),
    "dingtalk": Hanging(
        dingtalk_api.DingTalkApi,
        {"client_id": dingtalk_api.CLIENT_ID, "client_secret": dingtalk_api.SECRET},
        "cidgroup",
        at_first=hang_at("/v1.0/gateway/connections/open"),
        later=hang_at("/robot/sendBySession", "/v1.0/robot/messageFiles/download"),
        say_with_file=lambda api: api.say(msgtype="picture", content={"downloadCode": "dc1"}),
    ),
}


@pytest.fixture(params=PLATFORMS)
def platform(request, settings, tmp_path):
    settings.GROUPS_DIR = tmp_path / "groups"
    return request.param


@pytest.fixture
def hung(platform):
    with PLATFORMS[platform].fake() as server:
        yield server


@pytest.fixture
def stuck(platform, hung):
    """A chat on the channel that will hang."""
    hanging = PLATFORMS[platform]
    options = {"api_base": hung.url}
    channel = Channel.objects.create(platform=platform, name="stuck", credentials=hanging.credentials, options=options)
    return registered_chat(channel, hanging.chat)


@pytest.fixture
def chat(api, stuck):
    """On the channel that has nothing to do with it."""
    return registered_chat(telegram_channel(api))


def assert_undisturbed(api, chat):
    for number in range(MESSAGES):
        api.say(f"in {number}", chat_id=-1001)
        send(chat, f"out {number}")
    assert [call.text for call in api.wait_for_sent(MESSAGES)] == [f"out {number}" for number in range(MESSAGES)]
    stored = Message.objects.inbound().filter(chat=chat)
    until(lambda: stored.count() == MESSAGES)


def test_a_platform_that_hangs_at_first_delays_no_other(platform, hung, stuck, api, listeners, chat):
    PLATFORMS[platform].at_first(hung)
    listeners.start()
    until(lambda: status() == "online")
    assert_undisturbed(api, chat)
    assert status("stuck") == "connecting"
    hung.stop()


def test_a_platform_that_hangs_later_delays_no_other(platform, hung, stuck, api, listeners, chat):
    listeners.start()
    until(lambda: status("stuck") == status() == "online")
    PLATFORMS[platform].later(hung)
    PLATFORMS[platform].say_with_file(hung)
    until(lambda: Attachment.objects.filter(message__chat=stuck).exists())
    send(stuck, "never")
    until(lambda: outbound("sending") == 1)
    assert_undisturbed(api, chat)
    assert Message.objects.get(text="never").delivery == "sending"
    assert Attachment.objects.get().state == "pending"
    hung.stop()
