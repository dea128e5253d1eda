"""Whoever asked waits within its time, and no longer than its run goes on; questions have a bound."""

import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.agents.models import Question, Run
from apps.agents.questions import questions
from apps.agents.runs.execution import execute
from apps.agents.services import stop_run
from apps.chats.models import Message
from tests.agents.questions.support import ask, notices, outcome, write
from tests.waiting import in_thread

pytestmark = pytest.mark.django_db(transaction=True)


def waiting(question: Question) -> tuple[threading.Thread, list[Question]]:
    found: list[Question] = []
    return in_thread(lambda: found.append(questions.wait(question))), found


def test_the_waiting_thread_hears_the_answer(run):
    question = ask(run)
    thread, found = waiting(question)

    write("1")

    thread.join(2 * questions.POLL)
    assert found[0].answer == "Red"


def test_nobody_answers_in_time(run, settings):
    settings.AGENT_QUESTION_TIMEOUT = 0.2
    question = questions.wait(ask(run))
    assert question.status == "expired"
    assert write("1") is not None
    assert outcome(question) == ("expired", "")


def test_the_turns_own_time_is_shorter(run, group):
    group.turn_timeout_s = 60
    group.save()
    run.session.group.turn_timeout_s = 60
    assert ask(run).expires_at < timezone.now() + timedelta(seconds=51)


@pytest.mark.parametrize("end", ["stopped", "crashed and claimed again", "failed"])
def test_a_run_that_is_over_waits_no_more(run, end):
    question = ask(run)
    thread, found = waiting(question)
    if end == "stopped":
        stop_run(run)
    elif end == "failed":
        run.finish(Run.Status.FAILED, "no")
    else:
        Run.objects.filter(pk=run.pk).update(attempt=2, worker="another")

    thread.join(2 * questions.POLL)

    assert [waited.status for waited in found] == ["expired"]
    assert questions.answer(question, "Red") == "Nobody waits for that answer any more."


def test_a_further_attempt_drops_what_the_dead_one_asked(run):
    question = ask(run)
    questions.expire_of(run)
    write("", pressed=question.token(0), external_id="press-1")
    assert outcome(question) == ("expired", "")
    assert notices() == ["Ann: Nobody waits for that answer any more."]


def test_a_run_cannot_flood_people_with_questions(run):
    for _ in range(questions.MOST_OPEN):
        ask(run)
    with pytest.raises(questions.QuestionRefusedError):
        ask(run)
    assert Message.objects.outbound().count() == questions.MOST_OPEN


def test_also_one_after_the_other_the_questions_have_an_end(run):
    Question.objects.bulk_create(
        Question(run=run, kind="ask", text="?", status="expired", expires_at=timezone.now())
        for _ in range(questions.MOST_ASKED)
    )
    with pytest.raises(questions.QuestionRefusedError, match="used up"):
        ask(run)


def test_the_next_attempt_of_a_crashed_run_begins_without_its_questions(say, group, chat):
    run = say("echo hello")
    assert run.claim("a worker that died")
    question = questions.ask(run, "?", choices=[], kind=Question.Kind.ASK, places=[questions.Place(chat)])
    Run.objects.filter(pk=run.pk).update(status="queued", worker="")

    execute(run.pk)

    assert outcome(question) == ("expired", "")
    assert Run.objects.get(pk=run.pk).status == "succeeded"
