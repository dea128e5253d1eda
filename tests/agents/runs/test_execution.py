"""A run goes from its claim to its end, once, and what it costs is kept."""

import threading

from apps.agents.models import Run, RunUsage
from apps.agents.runs.execution import execute
from tests.fakes.messages_api import Text, ToolUse
from tests.waiting import in_thread, until


def test_only_one_of_two_wake_ups_executes(say, replies, claude):
    run = say("hello")
    workers = [in_thread(execute, run.pk) for _ in range(2)]
    for worker in workers:
        worker.join(30)

    assert len(claude.turns) == 1
    assert len(replies()) == 1


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
