"""An app of WeCom, with the real listeners, against an API that speaks the wire."""

import asyncio
import time

import pytest

from apps.agents.models import Run
from apps.chats.models import Attachment, Channel, Message, Platform
from apps.platforms import rendering
from apps.platforms.adapters.wecom.api import Client
from apps.platforms.adapters.wecom.errors import LIMITS
from apps.platforms.adapters.wecom.sending import Repeats
from apps.platforms.admin.channels import checked
from tests.fakes.json_api import Answer
from tests.fakes.stand_in import Cut, Garbage, Hang
from tests.fakes.wecom_api import APP, BOT, SECRET, app_callback, app_message, error
from tests.platforms.hooks import call
from tests.platforms.support import age, detail, lost, outbound, registered_chat, send, status
from tests.platforms.test_media import put
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_redis")]

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 500


@pytest.fixture
def channel(api, settings, tmp_path):
    settings.GROUPS_DIR = tmp_path / "groups"
    return Channel.objects.create(platform=Platform.WECOM, name="bot", credentials=APP, options={"api_base": api.url})


@pytest.fixture
def chat(channel):
    return registered_chat(channel, "ann")


def tell(channel, message):
    body, query = app_callback(message)
    return call(channel, body, query=query)


# In and out.


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


def test_what_has_no_markup_and_whatever_the_channel_wants_plain_goes_as_text(api, listeners, chat):
    Channel.objects.update(options={"api_base": api.url, "markup": "no"})
    listeners.start()
    send(chat, "**Hi** Ann")
    assert api.wait_for_calls("message/send")[0].body["text"] == {"content": "Hi Ann"}


def test_markup_that_is_refused_goes_plain(api, listeners, chat):
    api.fail("message/send", Answer(200, error(40008, "invalid message type")))
    send(chat, "**Hi**")
    listeners.start()
    assert api.wait_for_calls("message/send")[0].body["text"] == {"content": "Hi"}


def test_the_limit_counts_bytes(api, listeners, chat):
    listeners.start()
    send(chat, "好" * 1000)
    parts = [sent.body["text"]["content"] for sent in api.wait_for_calls("message/send", 2)]
    assert [len(part) for part in parts] == [682, 318]


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


def test_a_file_goes_out_an_image_is_shown(api, listeners, chat):
    listeners.start()
    put(chat, "plot.png", PNG)
    put(chat, "data.csv", b"a,b,c,d")
    image, caption, file, _ = (sent.body for sent in api.wait_for_calls("message/send", 4))
    assert (image["msgtype"], caption["msgtype"], file["msgtype"]) == ("image", "markdown", "file")
    uploads = api.calls_of("media/upload")
    assert [(each.query["type"], each.files[0]) for each in uploads] == [
        ("image", ("plot.png", PNG)),
        ("file", ("data.csv", b"a,b,c,d")),
    ]


@pytest.mark.parametrize(
    ("markdown", "written"),
    [
        ("**bold** *it* ~~gone~~ `x`", "**bold** it gone `x`"),
        ("## Head", "## Head"),
        ("[t](https://x.y)", "[t](https://x.y)"),
        ("```py\nx\n```", "x"),
        ("> said", "> said"),
        ("**two\nlines**", "**two**\n**lines**"),
    ],
)
def test_an_apps_markdown(markdown, written):
    assert [part.text for part in rendering.parts(markdown, "wecom")] == [written]


@pytest.mark.parametrize(("dialect", "limit"), [("wecom", 2048), ("wecom.aibot", 20480)])
def test_no_part_is_over_the_limit(dialect, limit):
    text = "**你好** `码` " * 300 + "\n\n```\n" + "行\n" * 6000 + "```"
    parts = rendering.parts(text, dialect)
    assert all(len(part.text.encode()) <= limit and len(part.plain.encode()) <= limit for part in parts)
    assert sum(part.plain.count("行") for part in parts) == 6000


# A second time.


def test_what_is_sent_again_is_dropped_by_wecom_and_what_is_meant_twice_is_not():
    repeats, message = Repeats(), {"touser": "ann", "text": {"content": "Drink water."}}
    assert repeats.to_be_dropped(message, "1-0") == 1
    assert repeats.to_be_dropped(message, "1-0") == 1  # nobody knew whether it had arrived
    assert repeats.to_be_dropped(message, "2-0") == 0
    assert repeats.to_be_dropped({**message, "touser": "bob"}, "3-0") == 1


def test_a_connection_cut_before_the_answer_is_sent_again_as_the_same(api, listeners, chat):
    api.fail("message/send", Cut(done=True))
    send(chat, "hi")
    listeners.start()
    until(lambda: outbound("sent") == 1)
    assert [sent.body["enable_duplicate_check"] for sent in api.sent] == [1, 1]


def test_an_old_message_of_which_nobody_knows_is_left_for_a_person(api, listeners, chat):
    api.fail("message/send", Cut(done=True))
    age(send(chat, "hi"), minutes=16)
    listeners.start()
    until(lambda: outbound("unknown") == 1)
    assert len(api.sent) == 1


# The token.


def test_the_token_is_fetched_once_for_all_who_ask(api, channel):
    async def ask():
        async with Client(channel) as client:
            await asyncio.gather(*(client.get("agent/get", agentid="1000002") for _ in range(10)))

    asyncio.run(ask())
    assert len(api.calls_of("gettoken")) == 1


def test_a_token_that_ended_early_is_renewed_and_nothing_is_lost(api, listeners, chat):
    listeners.start()
    until(lambda: status() == "online")
    api.expire()
    send(chat, "hi")
    until(lambda: outbound("sent") == 1)
    assert len(api.calls_of("gettoken")) == 2
    assert Message.objects.get().attempts == 1


def test_also_for_a_download(api, channel):
    api.files = {"M1": PNG}

    async def fetch():
        async with Client(channel) as client:
            await client.get("agent/get", agentid="1000002")
            api.expire()
            return b"".join([chunk async for chunk in client.media("M1")])

    assert asyncio.run(fetch()) == PNG


# Trouble.


def test_a_secret_that_is_refused_is_said_and_not_tried_again(api, listeners, channel, caplog):
    Channel.objects.update(credentials={**APP, "secret": "wrong-secret"})
    listeners.start()
    until(lambda: status() == "failed")
    assert "invalid credential (40001)" in detail()
    time.sleep(0.3)
    assert len(api.calls_of("gettoken")) == 1
    assert "wrong-secret" not in detail() + caplog.text


def test_no_secret_is_logged(api, listeners, chat, caplog):
    caplog.set_level("INFO")
    listeners.start()
    send(chat, "hi")
    until(lambda: outbound("sent") == 1)
    assert SECRET not in caplog.text
    assert api.good_token not in caplog.text


def test_a_secret_that_was_changed_is_found_though_nobody_writes(api, listeners, channel, settings):
    settings.CHANNEL_STALL_TIMEOUT = 1.5
    listeners.start()
    until(lambda: status() == "online")
    api.expire()
    api.keep_failing("gettoken", Answer(200, error(40001, "invalid credential")))
    until(lambda: status() == "failed")
    assert "invalid credential" in detail()


def test_an_address_that_is_not_let_in_is_said_and_tried_again(api, listeners, channel):
    api.fail("agent/get", Answer(200, error(60020, "not allow to access from your ip")))
    listeners.start()
    assert "trusted IPs" in until(lost)
    until(lambda: status() == "online")


@pytest.mark.parametrize("trouble", [Answer(502), Answer(200, error(-1)), Garbage(), Cut()])
def test_a_server_in_trouble_is_asked_again(api, listeners, channel, trouble):
    api.fail("gettoken", trouble)
    listeners.start()
    assert until(lost)
    until(lambda: status() == "online")
    assert len(api.calls_of("gettoken")) == 1  # the one that was answered


def test_a_server_that_hangs_is_asked_again(api, listeners, channel, settings):
    settings.CHANNEL_STALL_TIMEOUT = 1
    api.fail("gettoken", Hang(300))
    listeners.start()
    assert "Nothing was heard" in until(lost)
    until(lambda: status() == "online")


@pytest.mark.parametrize("trouble", [Answer(503), Answer(200, error(-1)), Garbage(), Cut()])
def test_passing_trouble_is_retried(api, listeners, chat, trouble):
    api.fail("message/send", trouble)
    send(chat, "hi")
    listeners.start()
    until(lambda: outbound("sent") == 1)
    assert len(api.sent) == 1


def test_rate_limited_waits_and_counts_no_attempt(api, listeners, chat, monkeypatch):
    monkeypatch.setitem(LIMITS, 45009, 1.0)
    api.fail("message/send", Answer(200, error(45009, "reach max api daily quota limit")))
    send(chat, "one")
    listeners.start()
    (sent,) = api.wait_for_calls("message/send")
    assert sent.at - api.calls_of("message/send", done=False)[0].at >= 0.9
    until(lambda: outbound("sent") == 1)
    assert Message.objects.get().attempts == 1


def test_a_person_whom_wecom_does_not_know_is_no_success(api, listeners, chat):
    api.unknown_users = {"ann"}
    send(chat, "hi")
    listeners.start()
    until(lambda: outbound("failed") == 1)
    assert "does not know this person" in Message.objects.get().error


def test_a_refusal_is_for_good_and_lets_the_next_pass(api, listeners, chat):
    api.fail("message/send", Answer(200, error(81013, "user & party & tag all invalid")))
    send(chat, "one")
    send(chat, "two")
    listeners.start()
    assert api.wait_for_calls("message/send")[0].body["text"] == {"content": "two"}
    assert Message.objects.get(text="one").error == "WeCom refused it: user & party & tag all invalid (81013)"


# Test connection.


def test_the_connection_is_tested(channel):
    worked, said = checked(channel)
    assert worked
    assert "“Andy” (1000002)" in said
    assert f"/hooks/wecom/{channel.pk}/" in said
    channel.credentials = BOT
    assert checked(channel)[0]


@pytest.mark.parametrize(
    ("credentials", "options", "sentence"),
    [
        ({"secret": "wrong-secret"}, {}, "invalid credential"),
        ({"corp_id": "ww-other"}, {}, "invalid corpid"),
        ({"agent_id": "7"}, {}, "invalid agentid"),
        ({"encoding_aes_key": "short"}, {}, "43 letters"),
        ({"token": ""}, {}, "“token”"),
        ({}, {"api_base": "http://127.0.0.1:1"}, "cannot be reached"),
    ],
)
def test_what_is_wrong_is_said(channel, credentials, options, sentence):
    channel.credentials = {**APP, **credentials}
    channel.options = {**channel.options, **options}
    worked, said = checked(channel)
    assert (worked, sentence in said) == (False, True), said
    assert "wrong-secret" not in said
