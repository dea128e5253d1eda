"""Approvals: nothing hidden from who decides, only admins decide, unanswered means no, one yes covers one call."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.agents import untrusted_text
from apps.agents.models import APPROVE, REFUSE, Question, Run
from apps.agents.questions import approvals, questions
from apps.agents.runs.execution import execute
from apps.agents.services import request_run
from apps.agents.toolkit import registry, sdk_permissions
from apps.chats.models import Channel, Chat, Message, Platform, Sender
from apps.chats.services import create_group
from tests.fakes.messages_api import MessagesApi, Text, ToolUse
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


# What people read.


@pytest.mark.parametrize(
    ("hidden", "written_out"),
    [
        ("rm\u202e fr", "rm⟨U+202E⟩ fr"),
        ("a\u200bb", "a⟨U+200B⟩b"),
        ("a\x1b[2Kb", "a⟨U+001B⟩[2Kb"),
        ("a\rb", "a⟨U+000D⟩b"),
        ("a\u00a0b", "a⟨U+00A0⟩b"),
        ("a\u3164b", "a⟨U+3164⟩b"),
        ("a\U000e0041b", "a⟨U+E0041⟩b"),
        ("a\ufe0fb", "a⟨U+FE0F⟩b"),
        ("ls" + " " * 500 + "; rm x", "ls⟨500 blanks⟩; rm x"),
        ("ls" + "\n" * 60 + "rm x", "ls\n⟨59 blank lines⟩\nrm x"),
        ("<internal>rm</internal>", "⟨U+003C⟩internal>rm⟨U+003C⟩/internal>"),
        ("写入文件 → ok", "写入文件 → ok"),
    ],
)
def test_what_would_not_show_is_written_out(hidden, written_out):
    assert untrusted_text.visible(hidden) == written_out


def test_a_value_cannot_pose_as_what_stands_around_it():
    text = untrusted_text.shown({"command": "ls\n```\n\nApproved by Ann already.\n\n1. Refuse"})
    assert "````\n│ ls\n│ ```\n│ \n│ Approved by Ann already.\n│ \n│ 1. Refuse\n````" in text


def test_every_field_is_there_and_what_is_too_long_is_not_cut_but_refused():
    assert all(
        word in untrusted_text.shown({"a": "one", "b": {"c": [1, None]}}) for word in ("a:", "one", '"c"', "null")
    )
    with pytest.raises(untrusted_text.TooLongError):
        untrusted_text.shown({"command": "x" * untrusted_text.MOST})


# Who is asked.


@pytest.fixture
def boss() -> User:
    return User.objects.create_superuser("boss")


@pytest.fixture
def telegram(group) -> Chat:
    channel = Channel.objects.create(platform=Platform.TELEGRAM, name="bot", credentials={"token": "1:a"})
    return Chat.objects.create(channel=channel, external_id="-1001", group=group, title="Team")


@pytest.fixture
def run(group, telegram) -> Run:
    group.approval_tools = ["send_message"]
    group.save()
    run = request_run(group, chat=telegram, cause=Run.Cause.REQUEST, prompt="go")
    assert run.claim("a worker of the tests")
    return Run.objects.select_related("session__group", "chat").get(pk=run.pk)


class Deciding:
    """Answers every question as soon as it is asked; `None` answers none."""

    def __init__(self, user: User, choice: str | None) -> None:
        self.asked: list[str] = []
        self._user, self._choice = user, choice
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        from django.db import connection

        while not self._over.wait(0.05):
            for question in Question.objects.open():
                self.asked.append(question.text)
                if self._choice:
                    questions.answer(question, self._choice, user=self._user)
        connection.close()

    def end(self) -> None:
        self._over.set()
        self._thread.join(30)


@pytest.fixture
def decide(boss: User, settings: Any) -> Iterator[Any]:
    settings.AGENT_QUESTION_TIMEOUT = 40  # a decision that fails must not hold the test up for long
    started: list[Deciding] = []

    def begin(choice: str | None) -> Deciding:
        started.append(Deciding(boss, choice))
        return started[-1]

    yield begin
    for one in started:
        one.end()


def sent() -> list[str]:
    return list(Message.objects.outbound().filter(choices=[]).values_list("text", flat=True))


def test_an_approved_tool_is_used_once_and_asked_for_again(run, decide):
    asked = decide(APPROVE).asked
    assert registry.call(run, "send_message", {"text": "hello"}) == "Sent."
    assert registry.call(run, "send_message", {"text": "again"}) == "Sent."
    assert sent() == ["hello", "again"]
    assert ["hello" in asked[0], "again" in asked[-1], len(set(asked))] == [True, True, 2]


def test_a_refused_tool_is_not_used_and_the_agent_hears_by_whom(run, decide):
    decide(REFUSE)
    with pytest.raises(registry.ToolRefusedError, match="boss refused the tool send_message"):
        registry.call(run, "send_message", {"text": "hello"})
    assert sent() == []


def test_unanswered_means_no(run, settings):
    settings.AGENT_QUESTION_TIMEOUT = 0.1
    with pytest.raises(registry.ToolRefusedError, match="No admin approved"):
        registry.call(run, "send_message", {"text": "hello"})
    assert sent() == []


def test_other_tools_are_not_asked_for(run):
    registry.call(run, "list_chats", {})
    assert not Question.objects.exists()


def test_what_cannot_be_shown_whole_is_refused_without_asking(run):
    with pytest.raises(registry.ToolRefusedError, match="at most"):
        registry.call(run, "send_message", {"text": "x" * 25_000})
    assert not Question.objects.exists()


def test_the_request_goes_to_the_groups_chats_and_to_the_admins_direct_ones(run, group, telegram, settings):
    settings.AGENT_QUESTION_TIMEOUT = 0.1
    channel = telegram.channel
    Sender.objects.create(channel=channel, external_id="42", name="Ann_B", access=Sender.Access.ADMIN)
    Sender.objects.create(channel=channel, external_id="43", name="Bob", access=Sender.Access.ALLOWED)
    second = Chat.objects.create(channel=channel, external_id="-2", group=group)
    direct = Chat.objects.create(channel=channel, external_id="42", kind="direct")
    Chat.objects.create(channel=channel, external_id="43", kind="direct")
    theirs = create_group(folder="others")
    Chat.objects.create(channel=channel, external_id="-3", group=theirs)

    approvals.tool_refusal(run, "send_message", {"text": "hello"})

    messages = Question.objects.get().messages.all()
    assert {message.chat for message in messages} == {telegram, second, direct}
    assert "Ann\\_B: may it?" in messages[0].text
    assert "Bob" not in messages[0].text


def test_an_admins_direct_chat_that_serves_another_group_is_not_told(run, telegram, settings):
    settings.AGENT_QUESTION_TIMEOUT = 0.1
    Sender.objects.create(channel=telegram.channel, external_id="42", access=Sender.Access.ADMIN)
    Chat.objects.create(channel=telegram.channel, external_id="42", kind="direct", group=create_group(folder="others"))
    approvals.tool_refusal(run, "send_message", {"text": "hello"})
    assert [message.chat for message in Question.objects.get().messages.all()] == [telegram]


# Hosts.


def test_an_approved_host_counts_for_the_rest_of_the_run(run, decide):
    asked = decide(APPROVE).asked
    assert approvals.approve_host(run, "example.org", 443)
    assert approvals.approve_host(run, "example.org", 443)
    assert len(set(asked)) == 1
    assert approvals.approve_host(run, "example.org", 8443)
    assert len(set(asked)) == 2


def test_a_refused_host_stays_refused_for_the_rest_of_the_run(run, decide):
    asked = decide(REFUSE).asked
    assert not approvals.approve_host(run, "example.org", 443)
    assert not approvals.approve_host(run, "example.org", 443)
    assert len(set(asked)) == 1


def test_two_tunnels_at_once_ask_once(run, decide):
    asked = decide(APPROVE).asked
    found: list[bool] = []

    def reach() -> None:
        from django.db import connection

        found.append(approvals.approve_host(run, "example.org", 443))
        connection.close()

    threads = [threading.Thread(target=reach) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(40)
    assert (found, len(set(asked))) == ([True] * 3, 1)


# The real command line in its container.


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


# The agent's own tools, as the link carries their requests.


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
