"""The real command line uses every tool once, the stub playing the model; `-s` prints the session.

python -m pytest -s tests/agents/test_tools_journey.py
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from apps.agents import services
from apps.agents.models import Question, Run
from apps.agents.questions import questions
from apps.agents.runs.execution import execute
from apps.agents.toolkit import registry
from apps.chats.models import Channel, Chat, Group, Incident, Message, Sender
from apps.chats.workspace.folders import workspace
from apps.schedules.models import ScheduledTask
from apps.schedules.services import create_task
from tests.agents.support import results_in
from tests.fakes.messages_api import Text, ToolUse
from tests.waiting import in_thread, until

SESSION: list[tuple[str, dict[str, Any]]] = [
    ("list_chats", {}),
    ("list_groups", {}),
    ("send_message", {"text": "I am looking into it."}),
    ("send_file", {"path": "plan.txt", "caption": "The plan"}),
    ("react", {"emoji": "👍"}),
    ("search_messages", {"words": "火锅"}),
    ("register_group", {"folder": "club", "name": "The club", "chats": ["telegram:-3"]}),
    ("ask_user", {"question": "Which day?", "options": ["Monday", "Friday"]}),
    ("get_usage", {}),
    ("schedule_task", {"prompt": "Say good morning.", "schedule_type": "cron", "schedule_value": "0 9 * * 1-5"}),
    ("list_tasks", {}),
]
REFUSED = [("send_message", {"text": "x", "chat": "telegram:-9"}), ("send_file", {"path": "../office/CLAUDE.md"})]


@pytest.fixture
def place(group: Group) -> Chat:
    """A room of the main group on Telegram, beside one that nobody serves yet."""
    group.is_main = True
    group.save()
    (workspace(group) / "plan.txt").write_text("Hot pot on Friday.")
    telegram = Channel.objects.create(platform="telegram", name="bot")
    Chat.objects.create(channel=telegram, external_id="-3", title="New people")
    return Chat.objects.create(channel=telegram, external_id="-1001", title="The team's room", group=group)


def ask(place: Chat, text: str, access: str) -> int:
    name = {"admin": "Ann", "allowed": "Bob"}[access]
    sender = Sender.objects.create(channel=place.channel, external_id=name, name=name, access=access)
    fields: dict[str, Any] = {"external_id": f"{access}-1", "sender": sender, "sender_name": name, "calls_agent": True}
    Message.objects.create(chat=place, direction="in", text=text, **fields)
    assert place.group
    return services.request_run(place.group, chat=place, cause=Run.Cause.MESSAGE).pk


@pytest.fixture
def on_the_timetable(place: Chat) -> list[tuple[str, dict[str, Any]]]:
    """What is done to a task that is there already."""
    water = {"prompt": "Water the plants.", "schedule_type": "interval", "schedule_value": "1h"}
    assert place.group
    task = create_task(group=place.group, chat=place, **water).pk
    return [
        ("update_task", {"task": task, "schedule_value": "2h"}),
        ("pause_task", {"task": task}),
        ("resume_task", {"task": task}),
        ("cancel_task", {"task": task}),
    ]


@pytest.fixture
def answering(group: Group) -> Iterator[None]:
    """A person who answers the question when it is there."""

    def answer() -> None:
        until(lambda: Question.objects.filter(status="open").exists(), 60)
        questions.answer(Question.objects.get(status="open"), "Friday", sender=Sender.objects.get(name="Ann"))

    person = in_thread(answer)
    yield
    person.join(60)


def told(claude: Any) -> list[str]:
    """What the model read as each call's result, in order; without what the command line adds."""
    return results_in(claude.turns[-1])


def printed(calls: list[tuple[str, dict[str, Any]]], results: list[str]) -> None:
    for (name, given), result in zip(calls, results, strict=True):
        sys.stdout.write(f"\n> {name} {json.dumps(given, ensure_ascii=False)}\n{result}\n")


@pytest.mark.parametrize("runtime", ["claude", pytest.param("sealed", marks=pytest.mark.docker)])
def test_an_admins_agent_uses_every_tool_once(runtime, place, on_the_timetable, answering, redis_server, request):
    claude = request.getfixturevalue(runtime)
    session = [*SESSION, *on_the_timetable]
    calls = [*session, *REFUSED]
    claude.script(*[ToolUse(f"mcp__ngb__{name}", given) for name, given in calls], Text("All done."))
    Message.objects.create(chat=place, direction="in", external_id="old", text="我们周五吃火锅", sender_name="李雷")
    execute(ask(place, "@Andy try everything", "admin"))

    results = told(claude)
    printed(calls, results)
    assert {name for name, _ in session} == {each["name"] for each in registry.definitions(place.group)}
    offered = {name.removeprefix("mcp__ngb__") for name in claude.turns[0].tools if name.startswith("mcp__ngb__")}
    assert offered == {name for name, _ in session}
    by_name = dict(zip([name for name, _ in session], results, strict=False))
    assert "telegram:-3: “New people”, group, not registered" in by_name["list_chats"]
    assert "我们周五吃火锅" in by_name["search_messages"]
    assert "Friday" in by_name["ask_user"]
    assert "This month: US$" in by_name["get_usage"]
    assert Chat.objects.get(external_id="-3").group == Group.objects.get(folder="club")
    assert by_name["list_tasks"].count("Task ") == 2
    assert [by_name[name].partition(" ")[0] for name, _ in on_the_timetable] == ["Done."] * 4
    made, watering = ScheduledTask.objects.all()
    assert (made.prompt, made.chat, str(made.created_by)) == ("Say good morning.", place, "Ann")
    assert (watering.schedule_value, watering.status) == ("2h", "cancelled")
    assert "may not write" in results[-2]
    assert "does not lie in the workspace" in results[-1]
    assert set(Incident.objects.values_list("kind", flat=True)) == {"refused tool", "refused file"}


def test_what_it_did_stands_in_the_outbox_in_order(claude, place):
    claude.script(*[ToolUse(f"mcp__ngb__{name}", given) for name, given in SESSION[2:5]], Text("All done."))
    execute(ask(place, "@Andy go", "admin"))

    sent = Message.objects.outbound().filter(chat=place).values_list("kind", "text", "reply_to")
    assert list(sent) == [
        ("text", "I am looking into it.", ""),
        ("file", "The plan", ""),
        ("reaction", "👍", "admin-1"),
        ("text", "All done.", "admin-1"),
    ]


def test_a_members_agent_is_refused_what_admins_may(claude, place):
    calls = [SESSION[6], SESSION[0]]
    claude.script(*[ToolUse(f"mcp__ngb__{name}", given) for name, given in calls], Text("Sorry."))
    execute(ask(place, "@Andy register the new people", "allowed"))

    results = told(claude)
    printed(calls, results)
    assert "is for admins" in results[0]
    assert "telegram:-3" in results[1]
    assert not Group.objects.filter(folder="club").exists()


def test_a_members_agent_keeps_his_own_tasks_and_leaves_others_alone(claude, place, on_the_timetable):
    calls = [SESSION[9], on_the_timetable[3], SESSION[10]]
    claude.script(*[ToolUse(f"mcp__ngb__{name}", given) for name, given in calls], Text("Sorry."))
    execute(ask(place, "@Andy good morning every day, and no plants any more", "allowed"))

    results = told(claude)
    printed(calls, results)
    assert results[0].startswith("Scheduled.")
    assert "only admins may change it" in results[1]
    assert [line for line in results[2].splitlines() if 'made for "Bob"' in line]
    assert ScheduledTask.objects.open().count() == 2


@pytest.mark.docker
def test_a_members_agent_is_refused_a_tool_of_its_own_that_is_marked_and_an_admins_is_not(sealed, place):
    Group.objects.update(admin_tools=["Bash"])
    shell = ToolUse("Bash", {"command": "echo it-ran-$((40+2))"})
    sealed.script(shell, Text("Sorry."), shell, Text("Done."))
    execute(ask(place, "@Andy run it", "allowed"))
    refused = told(sealed)[-1]
    execute(ask(place, "@Andy run it", "admin"))

    assert "is for admins" in refused
    assert "it-ran-42" not in refused
    assert "it-ran-42" in told(sealed)[-1]
    assert Incident.objects.get(kind="refused tool").sentence.endswith("No admin: Bob.")
    assert len(set(Run.objects.values_list("container", flat=True))) == 1


@pytest.mark.docker
def test_a_sub_agent_is_held_to_the_same(sealed, place):
    Group.objects.update(admin_tools=["Bash"])
    errand = {"description": "An errand", "prompt": "run it", "subagent_type": "claude"}
    shell = ToolUse("Bash", {"command": "echo it-ran-$((40+2))"})
    sealed.script(ToolUse("Agent", errand), shell, Text("It was refused."), Text("Sorry."))
    execute(ask(place, "@Andy have it run", "allowed"))

    read = str([turn.body["messages"] for turn in sealed.turns])
    assert "is for admins" in read
    assert "it-ran-42" not in read
