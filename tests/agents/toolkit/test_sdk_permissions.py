"""Leave for the agent's own tools, as the link carries their requests."""

from typing import Any

import pytest

from apps.agents.models import APPROVE, REFUSE, Question
from apps.agents.questions import approvals, questions
from apps.agents.runs.execution import execute
from apps.agents.toolkit import sdk_permissions
from tests.fakes.messages_api import MessagesApi, Text, ToolUse
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.docker
@pytest.mark.parametrize(("choice", "ran"), [(APPROVE, True), (REFUSE, False)])
def test_the_agents_own_bash_waits_for_an_admin(say, replies, group, decide, sealed: MessagesApi, choice, ran):
    from apps.chats.workspace.folders import workspace

    group.approval_tools = ["Bash"]
    group.save()
    asked = decide(choice).asked
    sealed.script(ToolUse("Bash", {"command": f"echo one > {choice}; echo two", "description": "count"}), Text("done"))

    run = say("count")
    execute(run.pk)

    run.refresh_from_db()
    assert (run.status, run.error) == ("succeeded", "")
    assert "**Bash**" in asked[0]
    assert f"│ echo one > {choice}; echo two" in asked[0]
    assert (workspace(group) / choice).exists() is ran
    assert ("boss refused the tool Bash" in str(sealed.turns[-1].body["messages"])) is not ran
    assert replies()[-1] == "done"


def test_more_requests_than_people_can_look_at_are_denied_at_once(run, decide):
    group = run.group
    group.approval_tools = ["Bash"]
    answers: list[dict[str, Any]] = []
    asking = sdk_permissions.Permissions(run, lambda _type, **fields: answers.append(fields))

    for number in range(questions.MOST_OPEN + 1):
        asking.take({"id": f"p{number}", "tool": "Bash", "input": {"command": "ls"}})

    assert [(answer["id"], answer["allow"]) for answer in answers] == [(f"p{questions.MOST_OPEN}", False)]
    decide(REFUSE)
    until(lambda: len(answers) == questions.MOST_OPEN + 1)
    assert not any(answer["allow"] for answer in answers)


@pytest.mark.parametrize("given", [None, "ls", ["ls"]])
def test_an_input_of_another_form_is_denied(run, given):
    answers: list[dict[str, Any]] = []
    run.group.approval_tools = ["Bash"]
    asking = sdk_permissions.Permissions(run, lambda _type, **fields: answers.append(fields))
    asking.take({"id": "p1", "tool": "Bash", "input": given})
    until(lambda: answers)
    assert answers[0]["allow"] is False
    assert not Question.objects.exists()


def test_a_tool_for_admins_only_is_denied_to_others_without_asking(run):
    answers: list[dict[str, Any]] = []
    run.group.admin_tools = ["Bash"]
    asking = sdk_permissions.Permissions(run, lambda _type, **fields: answers.append(fields))
    asking.take({"id": "p1", "tool": "Bash", "input": {"command": "ls"}})
    until(lambda: answers)
    assert (answers[0]["allow"], "admins" in answers[0]["message"]) == (False, True)
    assert not Question.objects.exists()


@pytest.mark.parametrize("named", [["bash"], [" Bash "], ["B*"], "Bash"])
def test_a_tool_that_is_named_carelessly_is_asked_for_all_the_same(run, named, settings):
    settings.AGENT_QUESTION_TIMEOUT = 0.1
    run.group.approval_tools = named
    assert approvals.tool_refusal(run, "Bash", {"command": "ls"})
    assert sdk_permissions.asked_about(run.group) == [str(named if isinstance(named, str) else named[0]).strip()]


def test_only_the_agents_own_tools_are_named_to_the_agent(group):
    group.approval_tools = ["Bash", " WebFetch ", "send_message", "mcp__ngb__send_file", "mcp__git__*", ""]
    assert sdk_permissions.asked_about(group) == ["Bash", "WebFetch", "mcp__git__*"]
