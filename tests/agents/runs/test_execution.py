import shutil
import threading

import pytest

from apps.agents.models import Run, RunUsage, Session
from apps.agents.runs.execution import execute
from apps.agents.sandbox import reaper
from apps.agents.sandbox.container_config import agent_ids
from apps.agents.services import request_run
from apps.agents.turns import agent_connection
from apps.chats.models import Incident
from apps.chats.workspace.folders import session_directory, workspace
from tests.fakes.messages_api import Text, ToolUse
from tests.waiting import in_thread, until


def test_the_demo_agent_answers_through_the_whole_path(say, replies):
    run = say("echo hello")

    execute(run.pk)

    run.refresh_from_db()
    assert (run.status, run.agent, run.runtime) == (Run.Status.SUCCEEDED, "demo", "process"), run.error
    assert "hello" in replies()[0]


def test_a_run_whose_chat_was_deleted_has_nothing_to_answer(say, chat):
    run = say("hello")
    chat.delete()
    execute(run.pk)
    run.refresh_from_db()
    assert (run.status, run.error, run.attempt) == (Run.Status.SUCCEEDED, "", 1)


@pytest.mark.docker
def test_two_turns_use_one_warm_container(say, replies, sealed):
    first = say("one")
    execute(first.pk)
    second = say("two")
    execute(second.pk)

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.error, second.error) == ("", "")
    assert first.container == second.container
    assert len(replies()) == 2


def test_a_run_that_finds_nothing_to_answer_leaves_the_warm_agent_as_it_was(say, replies, chat, group, monkeypatch):
    monkeypatch.setattr(agent_connection, "SILENCE", 30.0)  # it is ready at once, unless the machine stalls
    first = say("echo one")
    execute(first.pk)
    empty = request_run(group, chat=chat, cause=Run.Cause.MESSAGE)
    execute(empty.pk)
    second = say("echo two")
    execute(second.pk)

    runs = Run.objects.order_by("pk")
    assert [run.status for run in runs] == [Run.Status.SUCCEEDED] * 3
    assert [run.container for run in runs] == [runs[0].container, "", runs[0].container]
    assert len(replies()) == 2
    assert not Incident.objects.exists()  # what the agent said to the empty run's start was heard by nobody else


def test_an_agent_that_does_not_get_ready_for_an_empty_run_gives_way(say, replies, chat, group, runner):
    runner("result()\nsys.stdin.read()")
    first = say("one")
    execute(first.pk)
    execute(request_run(group, chat=chat, cause=Run.Cause.MESSAGE).pk)
    second = say("two")
    execute(second.pk)

    first.refresh_from_db()
    second.refresh_from_db()
    assert replies() == ["answer", "answer"]
    assert first.container != second.container


def test_what_a_call_has_cost_is_a_row_while_the_agent_works_on(say, claude):
    looked = threading.Event()
    claude.script(ToolUse("mcp__ngb__list_chats", {}), Text("Done.", held=looked))
    run = say("which chats?")
    working = in_thread(execute, run.pk)

    until(lambda: RunUsage.objects.filter(run=run).exists())
    during = RunUsage.objects.get(run=run).calls
    looked.set()
    working.join(30)

    assert during == 1
    assert RunUsage.objects.get(run=run).calls == 2


def written(group, session_id):
    """What the command line has noted of a session."""
    return "".join(path.read_text() for path in session_directory(group).rglob(f"{session_id}.jsonl"))


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


@pytest.mark.docker
def test_a_home_that_was_begun_without_walls_is_the_sealed_agent_s_to_write(say, sealed, group):
    left = session_directory(group) / "projects"
    shutil.rmtree(left, ignore_errors=True)
    left.mkdir(mode=0o755, parents=True)  # by the service's own user, as its subprocess makes it

    execute(say("one").pk)

    remembered = Session.objects.get().sdk_session_id
    until(lambda: '"assistant"' in written(group, remembered))
    assert left.stat().st_uid == agent_ids()[0]


def test_without_walls_the_memory_goes_into_the_instructions(say, replies, claude, group):
    (workspace(group) / "CLAUDE.md").write_text("The team's cat is called Schrödinger.")

    execute(say("hello").pk)

    asked = claude.turns[-1].body
    assert "Schrödinger" in str(asked["system"])
    offered = {tool["name"] for tool in asked["tools"]} - {"DeferredToolPlaceholder"}  # the command line's own, no tool
    assert offered
    assert all(name.startswith("mcp__ngb__") for name in offered)
