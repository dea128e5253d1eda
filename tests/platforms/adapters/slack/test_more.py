"""Slack beyond texts: files, drafts, reactions, the test of the connection, and what its errors say."""

import asyncio

import pytest

from apps.agents.models import Run
from apps.agents.services import announce, session_for
from apps.chats import services
from apps.chats.models import Attachment, Message
from apps.chats.workspace.folders import workspace
from apps.events import hooks
from apps.platforms.adapters.slack.emoji import name_of
from apps.platforms.adapters.slack.errors import refusal
from apps.platforms.adapters.slack.files import is_slacks
from apps.platforms.admin.channels import checked
from apps.platforms.base import PlatformError
from apps.platforms.models import Draft
from tests.fakes.slack_api import APP_TOKEN, Failure
from tests.fakes.stand_in import Garbage
from tests.platforms.adapters.slack.support import slack_channel
from tests.platforms.support import outbound, registered_chat, status
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 5000


@pytest.fixture(autouse=True)
def own_folders(settings, tmp_path_factory):
    settings.GROUPS_DIR = tmp_path_factory.mktemp("groups")


def online(listeners):
    listeners.start()
    until(lambda: status() == "online")


# Files in.


def file(api, name, mime="text/plain", **more):
    url = f"{api.url.removesuffix('/api')}/files/{name}"
    return {"id": name, "name": name, "mimetype": mime, "size": 10, "mode": "hosted", "url_private": url, **more}


def test_a_photo_lies_in_the_groups_folder_before_the_agent_is_called(api, listeners, chat):
    api.files = {"plot.png": (PNG, "image/png")}
    online(listeners)
    api.say("<@UBOT> what is this?", subtype="file_share", files=[file(api, "plot.png", "image/png")])

    until(Run.objects.first)
    attachment = Attachment.objects.get()
    assert (workspace(chat.group) / attachment.path).read_bytes() == PNG
    assert (attachment.state, attachment.kind, attachment.name) == ("ready", "image", "plot.png")


def test_a_file_of_which_only_the_id_is_told_is_asked_for(api, listeners, chat):
    api.files = {"F7": (b"shared", "text/plain")}
    online(listeners)
    api.say("<@UBOT> read", files=[{"id": "F7", "file_access": "check_file_info"}])

    until(Run.objects.first)
    assert (workspace(chat.group) / Attachment.objects.get().path).read_bytes() == b"shared"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"url_private": "https://evil.example/x"}, "does not lie at Slack"),
        ({"url_private": "http://169.254.169.254/latest"}, "does not lie at Slack"),
        ({}, "answered 404"),
    ],
)
def test_a_file_that_is_not_to_be_had_becomes_a_placeholder(api, listeners, chat, given, sentence):
    online(listeners)
    api.say("<@UBOT> read", files=[file(api, "a.txt", **given)])

    until(Run.objects.first)
    assert sentence in Attachment.objects.get().error


def test_a_page_to_log_in_is_not_taken_for_the_file(api, listeners, chat):
    api.files = {"a.pdf": (b"\n<!DOCTYPE html><html>Sign in</html>", "text/html")}
    online(listeners)
    api.say("<@UBOT> read", files=[file(api, "a.pdf", "application/pdf")])

    until(Run.objects.first)
    assert "lacks files:read" in Attachment.objects.get().error


@pytest.mark.parametrize(
    ("url", "slacks"),
    [
        ("https://files.slack.com/a", True),
        ("https://slack.com/a", True),
        ("http://127.0.0.1:5/files/a", True),
        ("http://files.slack.com/a", False),
        ("https://evilslack.com/a", False),
        ("https://slack.com.evil.example/a", False),
        ("https://slack.com@evil.example/a", False),
        ("http://127.0.0.1:6/a", False),
        ("https://[", False),
        ("", False),
    ],
)
def test_the_token_goes_to_slack_only(url, slacks):
    assert is_slacks(url, "http://127.0.0.1:5/api") is slacks


# Files out.


def put(chat, name, content=b"hello", **more):
    (workspace(chat.group) / name).write_bytes(content)
    return services.send_file(chat, path=name, name=name, size=len(content), caption="**Here**", **more)


def test_a_file_is_sent_with_its_caption_into_its_thread(api, listeners, chat):
    listeners.start()
    put(chat, "report.txt", thread_id="1700000000.000100")

    assert api.wait_for(lambda: api.calls_of("files.completeUploadExternal"))
    given = api.calls_of("files.completeUploadExternal")[0].parameters
    assert api.uploads == [("report.txt", b"hello")]
    assert (given["channel_id"], given["initial_comment"]) == ("C1", "*Here*")
    assert given["thread_ts"] == "1700000000.000100"
    assert until(lambda: outbound("sent") == 1)


def test_a_file_that_slack_refuses_is_said(api, listeners, chat):
    api.fail("files.getUploadURLExternal", Failure("missing_scope", more=(("needed", "files:write"),)))
    listeners.start()
    message = put(chat, "report.txt")

    until(lambda: outbound("failed") == 1)
    assert "lacks the scope files:write" in Message.objects.get(pk=message.pk).error


def test_an_upload_that_fails_is_tried_again(api, listeners, chat):
    api.fail("upload", Failure(status=500))
    listeners.start()
    put(chat, "report.txt")

    until(lambda: outbound("sent") == 1)
    assert Message.objects.get().attempts == 2
    assert api.uploads == [("report.txt", b"hello")]


# While the agent works.


@pytest.fixture
def streamed(api, listeners, fresh_redis, monkeypatch):
    """A running run in a thread of a chat whose channel shows answers while they are written."""
    from apps.platforms.adapters.slack.adapter import SlackAdapter
    from apps.platforms.status import draft_publisher

    monkeypatch.setattr(SlackAdapter, "edit_every", 0.1)
    monkeypatch.setattr(SlackAdapter, "chat_rate", lambda self, chat_id: None)
    monkeypatch.setattr(draft_publisher, "EVERY", 0)
    chat = registered_chat(slack_channel(api, options={"stream": "yes", "ack_reaction": "👀"}), "C1")
    online(listeners)
    assert chat.group
    place = {"chat": chat, "thread_id": "1700000000.000100"}
    asked = {"external_id": "1700000000.000200", "text": "<@UBOT> go", "calls_agent": True}
    Message.objects.create(direction="in", **place, **asked)
    run = Run.objects.create(session=session_for(chat.group), cause="message", status="running", **place)
    return Run.objects.select_related("session__group", "chat__channel").get(pk=run.pk)


def test_an_answer_is_shown_while_it_is_written_and_then_replaced(api, streamed):
    hooks.run_delta.fire(run=streamed, text="Hel")
    draft = api.wait_for_sent(1)[0]
    hooks.run_delta.fire(run=streamed, text="lo there")
    assert api.wait_for(lambda: any(call.text == "Hello there" for call in api.calls_of("chat.update")))
    Message.objects.inbound().update(run=streamed)
    Run.objects.update(status="succeeded")
    services.send_message(streamed.chat, text="Hello **there** again", run_id=streamed.pk, thread_id=streamed.thread_id)

    until(lambda: outbound("sent") == 1)
    last = api.calls_of("chat.update")[-1]
    assert (last.text, last.parameters["ts"], last.parameters["channel"]) == ("Hello *there* again", draft.ts, "C1")
    assert draft.parameters["thread_ts"] == "1700000000.000100"
    assert len(api.sent) == 1
    assert not Draft.objects.exists()


def test_a_draft_that_somebody_deleted_is_made_up_for_by_a_new_message(api, streamed):
    hooks.run_delta.fire(run=streamed, text="Hel")
    api.wait_for_sent(1)
    until(Draft.objects.exists)
    api.keep_failing("chat.update", Failure("message_not_found"))
    Run.objects.update(status="succeeded")
    services.send_message(streamed.chat, text="Hello", run_id=streamed.pk)

    assert [call.text for call in api.wait_for_sent(2)] == ["Hel", "Hello"]


@pytest.mark.parametrize("again", [False, True])
def test_the_message_with_which_the_agent_begins_gets_its_reaction(api, streamed, again, caplog):
    if again:
        api.fail("reactions.add", Failure("already_reacted"))
    announce(streamed)

    assert api.wait_for(lambda: api.calls_of("reactions.add"))
    given = api.calls_of("reactions.add")[0].parameters
    assert (given["channel"], given["timestamp"], given["name"]) == ("C1", "1700000000.000200", "eyes")
    assert "not acknowledged" not in caplog.text


@pytest.mark.parametrize(("emoji", "name"), [("👀", "eyes"), ("❤️", "heart"), (":party-parrot:", "party-parrot")])
def test_slack_names_its_emoji(emoji, name):
    assert name_of(emoji) == name


@pytest.mark.parametrize("emoji", ["🦤", "eyes", "", "::"])
def test_an_emoji_without_a_known_name_is_refused(emoji):
    with pytest.raises(PlatformError, match="write the name"):
        name_of(emoji)


# Test connection, and what is said.


def test_the_connection_is_tested(api):
    assert checked(slack_channel(api)) == (True, "The tokens work: the bot is @andy in Acme.")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"credentials": {"bot_token": "xoxb-wrong"}}, "The bot token: Slack does not accept the token"),
        ({"credentials": {"app_token": "xapp-wrong"}}, "The app-level token: Slack does not accept the token"),
        ({"credentials": {"app_token": ""}}, "is missing or empty"),
        ({"options": {"api_base": "http://127.0.0.1:1"}}, "cannot be reached"),
        ({"options": {"api_base": "nonsense"}}, "cannot be reached"),
    ],
)
def test_what_is_wrong_is_said(api, fields, sentence):
    worked, given = checked(slack_channel(api, **fields))
    assert not worked
    assert sentence in given
    assert "-wrong" not in given


@pytest.mark.parametrize("trouble", [Garbage(), Garbage(b"[1]", "application/json")])
def test_something_else_that_answers_is_told_apart(api, trouble):
    api.fail("auth.test", trouble)
    assert checked(slack_channel(api)) == (False, "The bot token: What answers there is not Slack's API.")


def test_a_missing_scope_is_named(api, monkeypatch):
    monkeypatch.setattr("tests.fakes.slack_api.SCOPES", "chat:write,users:read,files:read")
    _, given = checked(slack_channel(api))
    assert "lacks the scopes files:write, reactions:write." in given
    assert "may read no messages" in given


@pytest.mark.parametrize(
    ("answer", "permanent", "retry_after"),
    [
        ({"code": "invalid_auth"}, True, None),
        ({"code": "something_new"}, True, None),
        ({"code": "internal_error"}, False, None),
        ({"code": "", "status": 503}, False, None),
        ({"code": "ratelimited", "retry_after": "7"}, False, 7),
        ({"code": "", "status": 429}, False, 30),
        ({"code": "ratelimited", "retry_after": "９"}, False, 30),
        ({"code": "ratelimited", "retry_after": "99999999999"}, False, 3600),
    ],
)
def test_each_class_of_error(answer, permanent, retry_after):
    found = refusal(**answer)
    assert (found.permanent, found.retry_after, found.ambiguous) == (permanent, retry_after, False)


def test_an_operators_own_websocket_server_gets_the_ticket(api, listeners):
    registered_chat(slack_channel(api, options={"ws_base": f"ws://127.0.0.1:{api.port}/"}), "C1")
    online(listeners)
    assert api.connections
    listeners.stop()
    until(lambda: not api.connections)


def test_an_adapter_closes_twice_and_before_it_listens(api):
    from apps.platforms.adapters.slack.adapter import SlackAdapter

    async def close_twice():
        adapter = SlackAdapter(slack_channel_of_memory(api))
        await adapter.close()
        events = adapter.listen()
        await anext(events)
        await adapter.close()
        await adapter.close()
        await events.aclose()
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(close_twice())


def slack_channel_of_memory(api):
    from apps.chats.models import Channel
    from tests.fakes.slack_api import BOT_TOKEN

    tokens = {"bot_token": BOT_TOKEN, "app_token": APP_TOKEN}
    return Channel(platform="slack", name="bot", credentials=tokens, options={"api_base": api.url})
