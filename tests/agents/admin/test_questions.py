"""What runs asked people, in the admin: approvals are decided there, and questions only looked at."""

import pytest
from django.test import Client

from apps.agents.models import APPROVE, REFUSE, Question, Run
from tests.agents.questions.support import ask, outcome, write

PAGE = "/admin/agents/question/"


@pytest.fixture
def approval(run: Run) -> Question:
    return ask(run, [APPROVE, REFUSE], kind=Question.Kind.APPROVAL, subject="Bash")


def decide(desk: Client, action: str, *chosen: Question) -> str:
    return desk.post(PAGE, {"action": action, "_selected_action": [each.pk for each in chosen]}, follow=True).text


def test_a_refusal_is_an_answer_and_no_approval(desk, approval):
    assert "1 request is decided." in decide(desk, "refuse", approval)
    assert outcome(approval) == ("answered", "Refuse")
    assert (approval.is_approved, approval.answered_by) == (False, "ann")


def test_what_is_no_approval_is_left_to_its_chat(desk, run):
    question = ask(run)
    assert "0 requests are decided." in decide(desk, "approve", question)
    assert outcome(question) == ("open", "")
    write("1")
    assert outcome(question) == ("answered", "Red")


def test_of_several_those_that_are_decided_already_are_said_to_be(desk, run, approval):
    second = ask(run, [APPROVE, REFUSE], kind=Question.Kind.APPROVAL)
    decide(desk, "refuse", approval)

    page = decide(desk, "approve", approval, second)

    assert "Ann has answered that already: Refuse" in page
    assert "1 request is decided." in page
    assert [outcome(approval), outcome(second)] == [("answered", "Refuse"), ("answered", "Approve")]


def test_a_question_is_never_edited(desk, approval):
    assert desk.get(f"{PAGE}add/").status_code == 403
    page = desk.get(f"{PAGE}{approval.pk}/change/").text
    assert "Approve · Refuse" in page
    assert 'name="answer"' not in page
