"""The eight platforms' fakes: where each one is, how somebody writes there, and how many answers have arrived."""

import http.client
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from tests.fakes import (
    dingtalk_api,
    discord_api,
    discord_gateway,
    feishu_api,
    qq_onebot,
    slack_api,
    telegram_api,
    wecom_api,
)
from tests.fakes import whatsapp_api as whatsapp

TIMEOUT = 30.0
HEARTBEAT = 40.0  # seconds, as Discord's own; the fake's is for tests


class Fake(Protocol):
    @property
    def changed(self) -> threading.Condition: ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook's request."""

    body: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wire:
    """`say` where the platform holds a connection, `deliver` where it calls us; each with a text and a number."""

    platform: str
    chat: str  # its id there
    options: Mapping[str, str]  # credentials and options alike
    fake: Fake
    answers: Callable[[], int]
    say: Callable[[str], object] | None = None
    deliver: Callable[[str, int], Delivery] | None = None

    def wait_for_answer(self, count: int) -> None:
        with self.fake.changed:
            arrived = self.fake.changed.wait_for(lambda: self.answers() >= count, TIMEOUT)
        assert arrived, f"no answer on {self.platform} within {TIMEOUT:g} s"


class Webhook:
    """A channel's webhook, called over connections that stay open, one for each thread."""

    def __init__(self, port: int, wire: Wire, channel: int) -> None:
        assert wire.deliver
        self._port = port
        self._deliver = wire.deliver
        self._path = f"/hooks/{wire.platform}/{channel}/"
        self._open = threading.local()

    def say(self, text: str, number: int) -> None:
        """Returns when it was acknowledged."""
        request = self._deliver(text, number)
        if not hasattr(self._open, "connection"):
            self._open.connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT)
        connection: http.client.HTTPConnection = self._open.connection
        headers = {"Content-Type": "application/json", **request.headers}
        connection.request("POST", f"{self._path}?{request.query}", request.body.encode(), headers)
        response = connection.getresponse()
        answer = response.read()
        assert response.status == http.client.OK, f"{self._path} answered {response.status}: {answer[:200]!r}"


@contextmanager
def all_wires() -> Iterator[list[Wire]]:
    """Feishu comes last: it is the heavy one."""
    with ExitStack() as stack:
        yield [
            _telegram(stack.enter_context(telegram_api.TelegramApi())),
            _slack(stack.enter_context(slack_api.SlackApi())),
            _discord(stack.enter_context(discord_api.DiscordApi())),
            _whatsapp(stack.enter_context(whatsapp.WhatsAppApi())),
            _qq(stack.enter_context(qq_onebot.OneBot())),
            _wecom(stack.enter_context(wecom_api.WeComApi())),
            _dingtalk(stack.enter_context(dingtalk_api.DingTalkApi())),
            _feishu(stack.enter_context(feishu_api.FeishuApi())),
        ]


def _telegram(api: telegram_api.TelegramApi) -> Wire:
    options = {"token": telegram_api.TOKEN, "api_base": api.url}
    return Wire("telegram", "-1001", options, api, lambda: len(api.sent), say=api.say)


def _slack(api: slack_api.SlackApi) -> Wire:
    options = {"bot_token": slack_api.BOT_TOKEN, "app_token": slack_api.APP_TOKEN, "api_base": api.url}
    return Wire("slack", "C1", options, api, lambda: len(api.sent), say=api.say)


def _discord(api: discord_api.DiscordApi) -> Wire:
    api.heartbeat = HEARTBEAT
    options = {"token": discord_gateway.TOKEN, "api_base": api.url}
    return Wire("discord", "600", options, api, lambda: len(api.sent), say=api.say)


def _whatsapp(api: whatsapp.WhatsAppApi) -> Wire:
    def deliver(text: str, number: int) -> Delivery:
        body = whatsapp.notification(whatsapp.value(whatsapp.message(number, text)))
        return Delivery(body, headers=whatsapp.signed(body))

    options = {**whatsapp.CREDENTIALS, "api_base": api.url}
    return Wire("whatsapp", whatsapp.ANN, options, api, lambda: len(api.sent), deliver=deliver)


def _qq(bot: qq_onebot.OneBot) -> Wire:
    options = {"mode": "forward", "ws_url": bot.url, "access_token": qq_onebot.TOKEN}
    return Wire("qq", "group_777", options, bot, lambda: len(bot.sent), say=bot.say)


def _wecom(api: wecom_api.WeComApi) -> Wire:
    def deliver(text: str, number: int) -> Delivery:
        return Delivery(*wecom_api.app_callback(wecom_api.app_message(number, text)))

    options = {**wecom_api.APP, "api_base": api.url}
    return Wire("wecom", "ann", options, api, lambda: len(api.sent), deliver=deliver)


def _dingtalk(api: dingtalk_api.DingTalkApi) -> Wire:
    options = {"client_id": dingtalk_api.CLIENT_ID, "client_secret": dingtalk_api.SECRET, "api_base": api.url}
    say = partial(api.say, isInAtList=False)
    return Wire("dingtalk", "cidgroup", options, api, lambda: len(api.in_session), say=say)


def _feishu(api: feishu_api.FeishuApi) -> Wire:
    options = {"app_id": feishu_api.APP_ID, "app_secret": feishu_api.SECRET, "mode": "long", "api_base": api.url}
    return Wire("feishu", "oc_team", options, api, lambda: len(api.sent), say=api.say)
