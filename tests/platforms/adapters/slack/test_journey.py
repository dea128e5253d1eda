"""The real SDK against a Slack that speaks the wire, with the real listeners and a real database."""

import aiohttp
import pytest

from apps.agents.models import Run
from apps.chats.models import Chat, Message
from tests.fakes.slack_api import Failure
from tests.fakes.stand_in import Cut, Garbage, Hang
from tests.platforms.adapters.slack.support import bot, slack_channel
from tests.platforms.support import outbound, registered_chat, send, status
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


# In.


def test_a_mention_becomes_a_row_and_a_run_and_an_answer_is_delivered(api, listeners, chat):
    listeners.start()
    until(lambda: status() == "online")
    ts = api.say("hi <@UBOT> &amp; all, see <https://x.y|docs>")
    message = until(lambda: Message.objects.inbound().first())
    assert (message.text, message.external_id) == ("hi @andy & all, see docs (https://x.y)", ts)
    assert (message.sender_name, message.calls_agent, message.thread_id) == ("Ann Lee", True, "")
    assert Run.objects.exists()
    assert Chat.objects.get(external_id="C1").title == "general"

    send(chat, "**Hi** Ann, 1 < 2")
    (sent,) = api.wait_for_sent(1)
    assert (sent.text, sent.parameters["channel"]) == ("*Hi* Ann, 1 &lt; 2", "C1")
    assert "thread_ts" not in sent.parameters
    assert until(lambda: Message.objects.outbound().get().external_parts) == [sent.ts]


def test_a_thread_comes_and_goes_as_a_thread(api, listeners, chat):
    listeners.start()
    until(lambda: status() == "online")
    api.say("<@UBOT> more", thread_ts="1700000000.000100")
    message = until(lambda: Message.objects.inbound().first())
    assert message.thread_id == "1700000000.000100"
    send(chat, "a" * 4000 + "b", thread_id=message.thread_id)
    assert {call.parameters["thread_ts"] for call in api.wait_for_sent(2)} == {"1700000000.000100"}
    assert [len(call.text) for call in api.sent] == [4000, 1]


def test_with_the_option_a_mention_opens_a_thread(api, listeners):
    registered_chat(slack_channel(api, options={"threads": "yes"}), "C1")
    listeners.start()
    until(lambda: status() == "online")
    ts = api.say("<@UBOT> hello")
    api.say("just talk")
    until(lambda: Message.objects.inbound().count() == 2)
    assert list(Message.objects.order_by("pk").values_list("thread_id", flat=True)) == [ts, ""]


def test_a_direct_message_calls_without_a_mention(api, listeners, chat):
    registered_chat(chat.channel, "D1")
    listeners.start()
    until(lambda: status() == "online")
    api.say("hello", channel="D1", channel_type="im")
    assert until(lambda: Message.objects.inbound().first()).calls_agent
    assert Chat.objects.get(external_id="D1").title == "Ann Lee"


def test_a_mention_that_comes_as_two_events_is_one_message(api, listeners, chat):
    listeners.start()
    until(lambda: status() == "online")
    ts = api.say("<@UBOT> hello")
    api.say("<@UBOT> hello", kind="app_mention", ts=ts)
    assert api.wait_for(lambda: len(api.acknowledged) == 2)
    assert Message.objects.get().calls_agent
    assert Run.objects.count() == 1


def test_our_own_message_is_none_and_another_bots_calls_nobody(api, listeners, chat):
    listeners.start()
    until(lambda: status() == "online")
    api.say("me", user="UBOT", bot_id="BBOT")
    api.say("<@UBOT> I am a bot", user="UOTHER", bot_id="BOTHER", bot_profile={"name": "Jenkins"})
    assert api.wait_for(lambda: len(api.acknowledged) == 2)
    message = Message.objects.get()
    assert (message.sender_name, message.calls_agent) == ("Jenkins", False)


def test_an_envelope_is_acknowledged_only_after_its_message_is_stored(api, listeners, chat):
    listeners.start()
    until(lambda: status() == "online")
    api.say("hello")
    assert api.wait_for(lambda: api.acknowledged)
    assert next(iter(api.acknowledged.values())) >= Message.objects.get().created_at.timestamp()


def test_what_is_not_acknowledged_comes_again_and_is_kept_once(api, listeners, chat, monkeypatch):
    from apps.platforms.adapters.slack.adapter import SlackAdapter

    monkeypatch.setattr(SlackAdapter, "_acknowledge", _fails_once(SlackAdapter._acknowledge))
    listeners.start()
    until(lambda: status() == "online")
    api.say("<@UBOT> hello")
    assert api.wait_for(lambda: api.acknowledged)
    assert Message.objects.count() == Run.objects.count() == 1


def _fails_once(real):
    failures = [ConnectionResetError("the network went away")]

    async def acknowledge(adapter, envelopes):
        if envelopes and failures:
            raise failures.pop()
        await real(adapter, envelopes)

    return acknowledge


def test_many_at_once_are_kept_in_order(api, listeners, chat):
    listeners.start()
    until(lambda: status() == "online")
    for number in range(200):
        api.say(f"message {number}")
    until(lambda: Message.objects.inbound().count() == 200)
    assert [row.text for row in Message.objects.order_by("pk")] == [f"message {number}" for number in range(200)]
    assert api.wait_for(lambda: len(api.acknowledged) == 200)


def test_a_name_that_cannot_be_had_holds_nobody_up(api, listeners, chat, monkeypatch):
    monkeypatch.setattr("apps.platforms.adapters.slack.names.PATIENCE", 0.3)
    api.keep_failing("users.info", Failure("missing_scope"))
    api.keep_failing("conversations.info", Hang(300))
    listeners.start()
    until(lambda: status() == "online")
    api.say("hello")
    message = until(lambda: Message.objects.inbound().first())
    assert message.sender.external_id == "UANN"


def test_strange_frames_hold_up_nobody(api, listeners, chat):
    listeners.start()
    until(lambda: status() == "online")
    for frame in ("not json", "{", "[1]", "null", '{"type": "unheard_of"}', '{"envelope_id": 5, "type": "events_api"}'):
        api.send_raw(frame)
    api.push({"type": "message", "channel": 5})
    api.push({"type": "reaction_added", "user": "UANN"})
    api.push({}, type="slash_commands", payload={"command": "/x"})
    api.push({}, payload="text")
    api.say("still there")
    assert until(lambda: Message.objects.inbound().first()).text == "still there"
    assert api.wait_for(lambda: len(api.acknowledged) == 5)
    assert bot().reconnects == 0


# Out.


def test_rate_limited_waits_as_told(api, listeners, chat):
    api.fail("chat.postMessage", Failure("ratelimited", status=429, retry_after=1))
    send(chat, "one")
    send(chat, "two")
    listeners.start()
    api.wait_for_sent(2)
    refused = next(call for call in api.calls_of("chat.postMessage") if not call.answered)
    assert [call.text for call in api.sent] == ["one", "two"]
    assert api.sent[0].at - refused.at >= 0.9
    until(lambda: outbound("sent") == 2)
    assert set(Message.objects.values_list("attempts", flat=True)) == {1}


def test_a_channel_that_the_bot_is_not_in_fails_at_once_and_lets_the_next_pass(api, listeners, chat):
    api.fail("chat.postMessage", Failure("not_in_channel"))
    send(chat, "one")
    send(chat, "two")
    listeners.start()
    assert [call.text for call in api.wait_for_sent(1)] == ["two"]
    assert "invite it there" in Message.objects.get(text="one").error


@pytest.mark.parametrize("trouble", [Failure("internal_error"), Failure("", status=502), Garbage()])
def test_trouble_is_retried(api, listeners, chat, trouble):
    api.fail("chat.postMessage", trouble)
    send(chat, "hi")
    listeners.start()
    until(lambda: outbound("sent") == 1)
    assert Message.objects.get().attempts == 2


def test_the_sdk_does_not_send_again_by_itself_what_may_have_arrived(api, listeners, chat, settings):
    settings.OUTBOX_RETRY_DELAY = (600, 600)
    api.fail("chat.postMessage", Cut(done=True))
    send(chat, "hi")
    listeners.start()
    until(lambda: Message.objects.filter(attempts=1, delivery="queued").exists())
    assert len(api.sent) == 1


def test_a_server_that_does_not_answer_is_not_waited_for_without_end(api, listeners, chat, monkeypatch):
    monkeypatch.setattr("apps.platforms.adapters.slack.adapter.TIMEOUT", aiohttp.ClientTimeout(total=0.5))
    api.fail("chat.postMessage", Hang(300))
    send(chat, "hi")
    listeners.start()
    until(lambda: outbound("sent") == 1)
    assert Message.objects.get().attempts >= 2
