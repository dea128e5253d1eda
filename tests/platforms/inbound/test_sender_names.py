"""People's names where the messages come without: WeCom's app, and Feishu by webhook."""

import time

import pytest

from apps.agents import services
from apps.agents.models import Run
from apps.agents.turns import prompts
from apps.chats.models import Channel, Message, Sender
from apps.platforms.inbound import sender_names
from tests.fakes.feishu_api import FeishuApi, event
from tests.fakes.json_api import Answer
from tests.fakes.wecom_api import APP, WeComApi, app_callback, app_message, error
from tests.platforms.adapters.feishu.support import deliver, hooked
from tests.platforms.hooks import call
from tests.platforms.support import registered_chat, send, status
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_redis")]


@pytest.fixture
def wecom(settings, monkeypatch):
    monkeypatch.setattr(sender_names, "SWEEP", 0.05)
    with WeComApi() as server:
        yield server


@pytest.fixture
def chat(wecom):
    options = {"api_base": wecom.url}
    channel = Channel.objects.create(platform="wecom", name="bot", credentials=APP, options=options)
    return registered_chat(channel, "ann")


def tell(chat, **message):
    body, query = app_callback(app_message(**message))
    assert call(chat.channel, body, query=query).status_code == 200


def test_a_name_is_asked_for_once_and_put_into_what_was_written_already(wecom, listeners, chat):
    tell(chat, text="hello")
    assert Message.objects.get().sender_name == ""
    listeners.start()

    until(lambda: Message.objects.get(text="hello").sender_name == "Ann")
    tell(chat, number=2, text="again")
    assert Message.objects.get(text="again").sender_name == "Ann"
    assert len(wecom.calls_of("user/get")) == 1


def test_until_the_name_is_known_the_agent_reads_the_id(wecom, chat):
    tell(chat, text="hello")

    prompt = prompts.compose(services.request_run(chat.group, chat=chat, cause=Run.Cause.MESSAGE))

    assert prompt
    assert 'sender="ann"' in prompt.text


def test_somebody_whom_the_platform_does_not_name_is_not_asked_for_again(wecom, listeners, chat):
    wecom.people = {}
    tell(chat, text="hello")
    listeners.start()
    until(lambda: wecom.calls_of("user/get"))
    time.sleep(0.5)

    assert len(wecom.calls_of("user/get")) == 1
    assert str(Sender.objects.get()) == "ann"


def test_a_server_in_trouble_is_left_in_peace_and_messages_do_not_wait(wecom, listeners, chat):
    wecom.fail("user/get", Answer(200, error(-1)))
    tell(chat, text="hello")
    listeners.start()
    until(lambda: wecom.calls_of("user/get", done=False))
    time.sleep(0.5)

    assert len(wecom.calls_of("user/get", done=False)) == 1
    assert status() == "online"
    send(chat, "Hi")
    wecom.wait_for_calls("message/send")


def test_feishu_by_webhook_has_its_names_later(listeners, monkeypatch):
    monkeypatch.setattr(sender_names, "SWEEP", 0.05)
    with FeishuApi() as feishu:
        channel = hooked(options={"api_base": feishu.url})
        assert deliver(channel, event("hello")).status_code == 200
        listeners.start()

        assert until(lambda: Message.objects.get().sender_name) == "Ann"


def test_somebody_of_whom_feishu_may_not_tell_does_not_keep_the_others_from_their_names(listeners, monkeypatch):
    monkeypatch.setattr(sender_names, "SWEEP", 0.05)
    monkeypatch.setattr(sender_names, "QUIET", 0.1)
    stranger = {"sender_id": {"open_id": "ou_stranger"}, "sender_type": "user"}
    with FeishuApi() as feishu:
        channel = hooked(options={"api_base": feishu.url})
        assert deliver(channel, event("hello", sender=stranger)).status_code == 200
        assert deliver(channel, event("hello", message_id="om_2")).status_code == 200
        listeners.start()

        assert until(lambda: Message.objects.get(external_id="om_2").sender_name) == "Ann"
        assert len([call for call in feishu.calls if (call.name, call.target) == ("user", "ou_stranger")]) == 1
