"""What an agent remembers: the memory files in its requests, and one conversation for each group, chat or thread."""

import uuid
from decimal import Decimal

import pytest
from pytest_django import Settings

from apps.agents import services
from apps.agents.models import Run, RunUsage, Session
from apps.agents.runs.execution import execute
from apps.agents.sandbox import reaper
from apps.chats.models import Channel, Chat, Group, Message
from apps.chats.workspace import folders, memory
from apps.chats.workspace.folders import workspace
from apps.schedules.services import create_task, run_now
from tests.agents.support import written
from tests.fakes.messages_api import Failure, Text, ToolUse
from tests.waiting import until


@pytest.fixture(autouse=True)
def _fresh_folders(settings: Settings) -> None:
    """Folders outlive the rows of a test."""
    own = settings.DATA_DIR / uuid.uuid4().hex
    settings.GROUPS_DIR, settings.SESSIONS_DIR = own / "groups", own / "sessions"


def remembered(group: Group) -> None:
    (folders.workspace(group) / "CLAUDE.md").write_text("TEAMMEMORY: Ann likes tea.")
    (folders.global_folder() / "CLAUDE.md").write_text("HOUSEMEMORY: be kind.")


@pytest.mark.docker
def test_both_memories_are_in_the_real_agents_request_and_only_its_own_may_be_written(say, group, sealed):
    remembered(group)
    (folders.global_folder() / "CLAUDE.md").chmod(0o666)  # so that it is the mount that holds
    write = "echo ours >> CLAUDE.md && echo wrote; echo theirs >> /workspace/global/CLAUDE.md"
    sealed.script(ToolUse("Bash", {"command": write}))
    run = say("hello")
    execute(run.pk)

    asked = str(sealed.turns[0].body["messages"])
    assert "TEAMMEMORY: Ann likes tea." in asked
    assert "HOUSEMEMORY: be kind." in asked
    assert "You have a persistent file-based memory" not in str(sealed.turns[0].body)  # a second one, out of sight
    said = run.steps.get(kind__startswith="tool_").detail
    assert "wrote" in said
    assert "Read-only file system" in said
    assert folders.memory(group).endswith("ours\n")
    assert "theirs" not in (folders.global_folder() / "CLAUDE.md").read_text()


@pytest.mark.docker
def test_what_a_person_edits_is_known_in_the_next_turn_and_the_conversation_goes_on(say, group, sealed):
    remembered(group)
    execute(say("one").pk)
    for edited, text in ((group, "NEWMEMORY"), (None, "NEWHOUSE")):
        seen = memory.read(edited, "CLAUDE.md").digest
        memory.write(edited, "CLAUDE.md", text, seen=seen, user=None)
        execute(say("two").pk)
        assert text in str(sealed.turns[-1].body["messages"])
        assert "one</message>" in str(sealed.turns[-1].body["messages"])


def test_without_walls_both_memories_are_in_the_instructions(say, group, claude):
    (folders.workspace(group) / "CLAUDE.md").write_text("记" * 50_000)
    (folders.global_folder() / "CLAUDE.md").write_text("HOUSEMEMORY: be kind.")
    run = say("hello")
    execute(run.pk)
    run.refresh_from_db()
    assert run.error == ""
    told = str(claude.turns[0].body["system"])
    assert 10_000 < told.count("记") <= 20_000
    assert "HOUSEMEMORY: be kind." in told


@pytest.mark.docker
def test_a_conversation_that_no_longer_fits_is_archived_and_answered(say, group, sealed, replies):
    execute(say("plan the trip").pk)
    full = iter([Failure(400, "prompt is too long: 210000 tokens > 200000 maximum")])
    sealed.answer = lambda request: next(full, None) if "and home" in request.last_text else None
    run = say("and home")
    execute(run.pk)

    run.refresh_from_db()
    assert (run.status, run.attempt) == ("succeeded", 1)
    assert "and home" in replies()[1]
    [kept] = [file for file in memory.files(group) if file.path.startswith("conversations/")]
    assert kept.path.endswith("-plan-the-trip.md")
    text = memory.read(group, kept.path).text
    assert "plan the trip" in text
    assert "**Ann**" in text
    assert f"Archived to {kept.path}" in run.steps.get(kind="archive").summary


@pytest.mark.docker
def test_the_main_group_may_write_the_memory_of_all(say, group, sealed):
    group.is_main = True
    group.save()
    remembered(group)
    sealed.script(ToolUse("Bash", {"command": "echo 'for all' >> /workspace/global/CLAUDE.md"}))
    run = say("hello")
    execute(run.pk)
    assert (folders.global_folder() / "CLAUDE.md").read_text().endswith("for all\n")


@pytest.mark.docker
def test_a_sub_agent_works_and_what_it_costs_is_counted(say, sealed, replies):
    """The stub plays three parts: the agent, the sub-agent that it starts, and the agent again."""
    task = {"description": "look", "prompt": "SUBTASK count the files", "subagent_type": "general-purpose"}

    def answer(request):
        text = request.last_text
        if "SUBTASK" in text:
            return Text("there are four", input_tokens=700, output_tokens=70)
        if "there are four" in str(request.body["messages"][-1]):
            return Text("Four files.", input_tokens=30, output_tokens=3)
        return ToolUse("Agent", task)

    sealed.answer = answer
    run = say("how many files?")
    execute(run.pk)
    run.refresh_from_db()

    assert replies() == ["Four files."]
    assert ("subagent", "Agent: look") in {(step.kind, step.summary[:11]) for step in run.steps.all()}
    assert (run.input_tokens, run.output_tokens) == (10 + 700 + 30, 5 + 70 + 3)
    assert run.cost_usd > Decimal(0)
    assert sum(RunUsage.objects.filter(run=run).values_list("input_tokens", flat=True)) == 740


@pytest.mark.docker
def test_a_new_container_resumes_the_session(say, replies, sealed, group):
    first = say("one")
    execute(first.pk)
    before = Session.objects.get().sdk_session_id
    until(lambda: '"assistant"' in written(group, before))  # a moment after the answer
    reaper.remove_all()
    second = say("two")

    execute(second.pk)

    assert Session.objects.get().sdk_session_id == before
    assert "one" in str(sealed.turns[-1].body["messages"])


def test_without_walls_the_memory_goes_into_the_instructions(say, replies, claude, group):
    (workspace(group) / "CLAUDE.md").write_text("The team's cat is called Schrödinger.")

    execute(say("hello").pk)

    asked = claude.turns[-1].body
    assert "Schrödinger" in str(asked["system"])
    offered = {tool["name"] for tool in asked["tools"]} - {"DeferredToolPlaceholder"}  # the command line's own, no tool
    assert offered
    assert all(name.startswith("mcp__ngb__") for name in offered)


@pytest.fixture
def places(group: Group) -> dict[str, tuple[Chat, str]]:
    """Two chats of the group, the first with two threads."""
    channel = Channel.objects.create(platform="slack", name="work")
    first, second = (
        Chat.objects.create(channel=channel, external_id=name, group=group, kind="group") for name in ("C1", "C2")
    )
    return {"one": (first, ""), "one/a": (first, "a"), "one/b": (first, "b"), "two": (second, "")}


def talk(group: Group, place: tuple[Chat, str], text: str) -> None:
    chat, thread = place
    Message.objects.create(
        chat=chat,
        thread_id=thread,
        direction="in",
        external_id=uuid.uuid4().hex,
        sender_name="Ann",
        text=text,
        calls_agent=True,
    )
    run = services.request_run(group, chat=chat, thread_id=thread, cause=Run.Cause.MESSAGE)
    execute(run.pk)
    run.refresh_from_db()
    assert run.error == ""


@pytest.mark.parametrize(
    ("scope", "knows"),
    [
        ("group", {"one", "one/a", "one/b", "two"}),
        ("chat", {"one", "one/a", "one/b"}),
        ("thread", {"one/a"}),
    ],
)
def test_who_knows_what_was_said_in_a_thread(group, places, claude, scope, knows):
    group.session_scope = scope
    group.save()
    talk(group, places["one/a"], "the secret word is PINEAPPLE")

    heard = set()
    for name, place in places.items():
        talk(group, place, f"what is the word, {name}?")
        if "PINEAPPLE" in str(claude.turns[-1].body["messages"]):
            heard.add(name)
    assert heard == knows


@pytest.mark.parametrize(("scope", "knows"), [("group", True), ("chat", True), ("thread", False)])
def test_a_scheduled_run_has_the_memory_of_its_chat(group, places, claude, scope, knows):
    group.session_scope = scope
    group.save()
    talk(group, places["one/a"], "the secret word is PINEAPPLE")
    run = services.request_run(group, chat=places["one"][0], cause=Run.Cause.SCHEDULE, prompt="tell the word")
    execute(run.pk)
    assert ("PINEAPPLE" in str(claude.turns[-1].body["messages"])) is knows


def test_an_isolated_scheduled_run_knows_nothing_and_is_not_remembered(group, places, claude):
    talk(group, places["one"], "the secret word is PINEAPPLE")
    task = create_task(
        group=group,
        chat=places["one"][0],
        prompt="the other word is MANGO",
        schedule_type="interval",
        schedule_value="1h",
        context_mode="isolated",
    )
    execute(run_now(task).pk)
    assert "MANGO" in str(claude.turns[-1].body["messages"])
    assert "PINEAPPLE" not in str(claude.turns[-1].body["messages"])

    talk(group, places["one"], "which words do you know?")
    assert "PINEAPPLE" in str(claude.turns[-1].body["messages"])
    assert "MANGO" not in str(claude.turns[-1].body["messages"])
