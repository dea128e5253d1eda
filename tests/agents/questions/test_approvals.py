"""Approvals: only admins decide, unanswered means no, one yes covers one call."""

import threading

import pytest

from apps.agents.models import APPROVE, REFUSE, Question, Run
from apps.agents.questions import approvals
from apps.agents.services import request_run
from apps.agents.toolkit import registry
from apps.chats.models import Channel, Chat, Group, Message, Sender
from apps.chats.services import create_group

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def telegram(group: Group) -> Chat:
    channel = Channel.objects.create(platform="telegram", name="bot", credentials={"token": "1:a"})
    return Chat.objects.create(channel=channel, external_id="-1001", group=group, title="Team")


@pytest.fixture
def run(group: Group, telegram: Chat) -> Run:
    group.approval_tools = ["send_message"]
    group.save()
    run = request_run(group, chat=telegram, cause=Run.Cause.REQUEST, prompt="go")
    assert run.claim("a worker of the tests")
    return Run.objects.select_related("session__group", "chat").get(pk=run.pk)


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
