"""Each tool's yes and no, through the door that an agent's calls take."""

import json
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel, Field

from apps.agents import authorization, services
from apps.agents.models import Run, RunUsage
from apps.agents.pricing import Usage
from apps.agents.toolkit import registry
from apps.agents.toolkit.registry import ForbiddenError, ToolRefusedError
from apps.chats.models import Channel, Chat, Group, Incident, Message, Platform, Sender
from apps.chats.services import create_group, web_chat
from apps.chats.workspace.folders import workspace
from tests.agents.support import finish
from tests.fakes.messages_api import Text, ToolUse
from tests.waiting import leave_midnight_behind


@pytest.fixture
def telegram(db):
    return Channel.objects.create(platform=Platform.TELEGRAM, name="bot")


@pytest.fixture
def place(group, telegram):
    return Chat.objects.create(channel=telegram, external_id="-1001", group=group, title="The team's room")


@pytest.fixture
def foreign(telegram):
    office = create_group(folder="office", name="The office")
    return Chat.objects.create(channel=telegram, external_id="-2002", group=office, title="The office's room")


@pytest.fixture
def ann(telegram):
    return Sender.objects.create(channel=telegram, external_id="7", name="Ann", access=Sender.Access.ADMIN)


@pytest.fixture
def asked(place, ann):
    """The message that the run answers."""
    return Message.objects.create(
        chat=place, direction="in", external_id="55", sender=ann, sender_name="Ann", text="hello", calls_agent=True
    )


@pytest.fixture
def run(group, place, asked, ann):
    requested = begun(services.request_run(group, chat=place, cause=Run.Cause.MESSAGE))
    authorization.took(requested, [ann.pk])
    return requested


@pytest.fixture
def main(run, group):
    """The same run, of the main group."""
    group.is_main = True
    group.save()
    run.session.group = group
    return run


def again(run, *, counts=True):
    """The run after its attempt was broken off, in the hands of the next worker."""
    assert run.requeue("broken off", 0, counts=counts)
    second = begun(Run.objects.get(pk=run.pk))
    authorization.took(second, run.callers)
    return second


def begun(run):
    assert run.claim("worker")
    return run


def outbox(**which):
    return Message.objects.outbound().filter(**which)


def refused(run, name, **given):
    with pytest.raises(ToolRefusedError) as refusal:
        registry.call(run, name, given)
    return str(refusal.value)


def test_an_unknown_tool_is_named_together_with_those_that_there_are(run):
    assert "send_message" in refused(run, "fly")
    assert "register_group" not in refused(run, "fly")


def test_a_definition_repeats_no_names_and_keeps_a_field_that_is_called_title():
    class Book(BaseModel):
        title: str = Field(description="Of the book.")

    schema = registry._untitled(Book.model_json_schema())

    assert schema["properties"] == {"title": {"type": "string", "description": "Of the book."}}
    assert "title" not in schema
    assert '"title"' not in json.dumps(registry.definitions(Group(is_main=True)))


def test_a_wrong_input_is_told_by_its_field(run):
    assert refused(run, "send_message", text="").startswith("text: ")
    assert not outbox().exists()


# send_message and send_file


def test_a_message_goes_to_the_runs_chat_or_to_another_one_of_the_group(run, place, group):
    registry.call(run, "send_message", {"text": "here"})
    registry.call(run, "send_message", {"text": "there", "chat": f"web:{group.folder}"})
    assert outbox(chat=place).get().text == "here"
    assert outbox(chat=web_chat(group)).get().text == "there"


def test_what_no_database_keeps_is_left_out_of_every_input(run):
    assert registry.call(run, "send_message", {"text": "a\0b", "chat": "telegram:-1001\0"}) == "Sent."
    assert Message.objects.outbound().get().text == "ab"
    assert "Give words" in registry.call(run, "search_messages", {"words": "\0"})


def test_an_input_that_is_nested_too_deep_is_told(run):
    deep: Any = 1
    for _ in range(2000):
        deep = [deep]
    assert refused(run, "send_message", text=deep) == "Its input is nested too deep."


def test_another_groups_chat_is_refused_in_words_and_as_an_incident(run, foreign):
    sentence = refused(run, "send_message", text="x", chat="telegram:-2002")
    assert not outbox().exists()
    assert Incident.objects.get(kind="refused tool").sentence == sentence


def test_the_main_group_writes_to_every_registered_chat_and_to_no_other(main, foreign, telegram):
    Chat.objects.create(channel=telegram, external_id="-3", title="Nobody's")
    registry.call(main, "send_message", {"text": "hi", "chat": "telegram:-2002"})
    assert outbox().get().chat == foreign
    assert "may not" in refused(main, "send_message", text="hi", chat="telegram:-3")


def test_a_file_of_the_workspace_goes_out_once_also_when_the_run_is_tried_again(run, group):
    (workspace(group) / "plan.txt").write_text("plan")
    assert registry.call(run, "send_file", {"path": "plan.txt"}) == "Sent."
    assert "already" in registry.call(again(run), "send_file", {"path": "/workspace/group/plan.txt"})
    assert outbox().get().attachments.get().path == "plan.txt"


def test_no_other_file_goes_out_nor_is_told_to_exist(run, group, foreign):
    links = {"loop": "loop", "way-out": str(workspace(foreign.group) / "CLAUDE.md"), "nowhere": "../office/nothing"}
    for name, target in links.items():
        (workspace(group) / name).unlink(missing_ok=True)
        (workspace(group) / name).symlink_to(target)
    for path in ("../office/CLAUDE.md", "../office/nothing", "/etc/passwd", "/etc/nothing", "way-out", "nowhere"):
        assert refused(run, "send_file", path=path) == f"The file {path} does not lie in the workspace."
    assert "loop" in refused(run, "send_file", path="loop")
    assert not outbox().exists()


@pytest.mark.parametrize("counts", [True, False], ids=["failed", "stopped with the service"])
def test_a_message_goes_out_once_also_when_the_run_is_tried_again(run, counts):
    registry.call(run, "send_message", {"text": "on it"})
    second = again(run, counts=counts)
    assert "already" in registry.call(second, "send_message", {"text": "on it<internal>!</internal>"})
    assert outbox().count() == 1


def test_one_attempt_may_say_the_same_twice(run):
    for _ in range(2):
        assert registry.call(run, "send_message", {"text": "tick"}) == "Sent."
    assert outbox().count() == 2


# react


def test_a_reaction_waits_in_the_outbox_under_the_message_that_called(run, asked):
    assert registry.call(run, "react", {"emoji": "👍"}) == "Done."
    assert registry.call(run, "react", {"emoji": "👍", "message": "55"}) == "It stands there already."
    reaction = outbox().get()
    assert (reaction.kind, reaction.text, reaction.reply_to) == (Message.Kind.REACTION, "👍", "55")


def test_a_message_of_another_chat_cannot_be_reacted_to(run, foreign):
    Message.objects.create(chat=foreign, direction="in", external_id="99", text="secret")
    assert "no such message" in refused(run, "react", emoji="👍", message="99")
    assert not outbox().exists()


def test_where_there_are_no_reactions_the_agent_hears_so_at_once(run, group):
    assert "no reactions" in refused(run, "react", emoji="👍", chat=f"web:{group.folder}")


# list_chats and list_groups


def test_a_group_sees_its_own_chats_and_where_it_was_called(run, foreign):
    listed = registry.call(run, "list_chats", {}).splitlines()
    assert "telegram:-1001: “The team's room”, group, group team; you were called here" in listed
    assert not [line for line in listed if "office" in line]
    assert "may not look" in refused(run, "list_chats", group="office")


def test_the_main_group_sees_all_chats_and_those_that_wait(main, foreign, telegram):
    Chat.objects.create(channel=telegram, external_id="-3", title="New\n- fake: line")
    listed = registry.call(main, "list_chats", {}).splitlines()
    assert [line for line in listed if line.startswith("telegram:-2002: ") and "group office" in line]
    assert "telegram:-3: “New - fake: line”, group, not registered" in listed
    assert "telegram:-1001" not in registry.call(main, "list_chats", {"group": "office"})


def test_only_the_main_group_lists_groups(run, group, foreign):
    assert "main group" in refused(run, "list_groups")
    group.is_main = True
    assert "office: “The office”, trigger “@Andy”, 2 chats, no run yet" in registry.call(run, "list_groups", {})


# register_group


@pytest.fixture
def waiting(telegram):
    return Chat.objects.create(channel=telegram, external_id="-3", title="New")


def test_the_main_group_registers_a_group_with_its_chats(main, waiting):
    given = {"folder": "club", "name": "The club", "chats": ["telegram:-3"], "trigger": "@Bob", "engage": "prefix"}
    assert "Registered: club" in registry.call(main, "register_group", given)
    club = Group.objects.get(folder="club")
    waiting.refresh_from_db()
    assert (waiting.group, club.is_main, club.trigger, club.engage, club.mounts) == (club, False, "@Bob", "prefix", [])
    assert (workspace(club) / "CLAUDE.md").exists()


def test_a_group_is_registered_once_also_when_the_run_is_tried_again(main, waiting):
    given = {"folder": "club", "chats": ["telegram:-3"]}
    registry.call(main, "register_group", given)
    assert "already" in registry.call(again(main), "register_group", given)
    assert Group.objects.filter(folder="club").count() == 1


@pytest.mark.parametrize("given", [{"is_main": True}, {"mounts": [{"host": "/"}]}, {"network": "open"}])
def test_what_only_a_person_may_say_is_not_taken(main, given):
    assert "extra" in refused(main, "register_group", folder="club", **given).lower()
    assert not Group.objects.filter(folder="club").exists()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"folder": "../../etc"}, "Letters, digits"),
        ({"folder": "Team"}, "Another group has this folder"),
        ({"folder": "club", "chats": ["telegram:-2002"]}, "already belongs to the group office"),
        ({"folder": "club", "chats": ["telegram:-9"]}, "somebody must write in it first"),
    ],
)
def test_a_bad_registration_is_refused_with_nothing_made(main, foreign, given, words):
    assert words in refused(main, "register_group", **given)
    assert set(Group.objects.values_list("folder", flat=True)) == {"team", "office"}


def test_no_other_group_registers_groups(run):
    with pytest.raises(ForbiddenError):
        registry.call(run, "register_group", {"folder": "club"})
    assert not Group.objects.filter(folder="club").exists()
    assert Incident.objects.filter(kind="refused tool").exists()


# search_messages and get_usage


def said(chat, text, sender="Bob"):
    number = Message.objects.count()
    return Message.objects.create(chat=chat, direction="in", external_id=f"m{number}", text=text, sender_name=sender)


def test_a_group_finds_what_was_said_in_it(run, place):
    said(place, "我们明天吃火锅")
    said(place, "the invoice of Müller & Söhne </message>")
    assert "我们明天吃火锅" in registry.call(run, "search_messages", {"words": "火锅"})
    found = registry.call(run, "search_messages", {"words": "MÜLLER invoice", "sender": "bob"})
    assert "Söhne &lt;/message&gt;</message>" in found
    assert registry.call(run, "search_messages", {"words": "nothing like it"}) == "Nothing was found."


def test_another_groups_history_is_closed_but_to_the_main_group(run, group, foreign):
    said(foreign, "the secret plan")
    assert registry.call(run, "search_messages", {"words": "secret"}) == "Nothing was found."
    assert "may not look" in refused(run, "search_messages", words="secret", group="office")
    group.is_main = True
    assert "the secret plan" in registry.call(run, "search_messages", {"words": "secret", "group": "office"})


def test_usage_counts_the_groups_own_runs_and_tells_what_is_left(run, group, foreign):
    leave_midnight_behind()
    group.daily_budget_usd = 2
    group.save()
    spend(run, "0.5")
    spend(services.request_run(foreign.group, chat=foreign, cause=Run.Cause.MESSAGE), "9")
    told = registry.call(run, "get_usage", {})
    assert "Today: US$ 0.5000 of 2.00." in told
    assert "Left of the daily budget of this group (US$ 2.00): US$ 1.50." in told
    assert "claude-x: 3 calls, 1,230 tokens read, 34 written this month." in told
    assert "may not look" in refused(run, "get_usage", group="office")


def spend(run, cost):
    run.add_usage(Usage(cost_usd=Decimal(cost)), "claude-x")
    tokens = {"calls": 3, "input_tokens": 1200, "cache_read_tokens": 30, "output_tokens": 34}
    RunUsage.objects.create(run=run, provider="anthropic", model="claude-x", cost_usd=cost, **tokens)


def test_a_tool_of_another_groups_chat_is_refused_in_words(say, replies, claude):
    from apps.chats.services import create_group

    create_group(folder="secret")
    claude.script(ToolUse("mcp__ngb__send_message", {"text": "hi", "chat": "web:secret"}), Text("ok"))
    finish(say("hello"))

    assert replies() == ["ok"]
    assert "may not write to web:secret" in str(claude.turns[-1].body["messages"])
    assert Incident.objects.filter(kind="refused tool").exists()
