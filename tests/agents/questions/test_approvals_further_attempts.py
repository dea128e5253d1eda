"""A run that is tried again may ask for leave again, where nobody could give it any more."""

import pytest
from pytest_django import Settings

from apps.agents.models import APPROVE, REFUSE, Question, Run
from apps.agents.questions import approvals, questions

pytestmark = pytest.mark.django_db(transaction=True)


def crashed(run: Run, answer: str) -> None:
    """Its worker died when it had asked for a host."""
    assert run.chat
    place = questions.Place(run.chat)
    question = questions.ask(
        run,
        "May it?",
        choices=[APPROVE, REFUSE],
        kind=Question.Kind.APPROVAL,
        places=[place],
        subject="example.org:443",
    )
    if answer:
        Question.objects.filter(pk=question.pk).update(status="answered", answer=answer)
    assert run.requeue("The worker died.", 0)
    assert run.claim("another worker")
    questions.expire_of(run)


@pytest.fixture(autouse=True)
def soon(settings: Settings) -> None:
    settings.AGENT_QUESTION_TIMEOUT = 0.1


def test_a_host_that_a_dead_attempt_asked_for_is_asked_for_again(run):
    crashed(run, answer="")
    assert not approvals.approve_host(run, "example.org", 443)
    assert Question.objects.count() == 2
    assert not approvals.approve_host(run, "example.org", 443)
    assert Question.objects.count() == 2


@pytest.mark.parametrize(("answer", "may"), [(APPROVE, True), (REFUSE, False)])
def test_what_was_decided_counts_for_further_attempts(run, answer, may):
    crashed(run, answer)
    assert approvals.approve_host(run, "example.org", 443) == may
    assert Question.objects.count() == Run.objects.count() == 1
