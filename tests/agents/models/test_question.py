"""What a question is: waited for or not, in people's words, and answered by whom."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone, translation

from apps.agents.models import APPROVE, REFUSE, Question
from apps.agents.models.question import asked_in_chat
from apps.chats.models import Chat, Sender
from tests.agents.questions.support import ask


def test_it_is_waited_for_in_its_time_and_while_its_run_goes_on(run):
    question = ask(run)
    assert list(Question.objects.waited_for()) == [question]

    Question.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert list(Question.objects.waited_for()) == []
    Question.objects.update(expires_at=timezone.now() + timedelta(seconds=60))
    run.requeue("broken off", 0)
    assert list(Question.objects.waited_for()) == []
    assert list(Question.objects.open()) == [question]


def test_a_chat_in_which_one_is_open_is_told_from_the_others(run, place, group):
    other = Chat.objects.create(channel=place.channel, external_id="-2", group=group)
    question = ask(run)
    assert list(Chat.objects.filter(asked_in_chat()).filter(pk__in=[place.pk, other.pk])) == [place]
    Question.objects.update(status=Question.Status.EXPIRED)
    assert not Chat.objects.filter(asked_in_chat()).exists()
    assert list(Question.objects.in_chat(place)) == [question]
    assert list(Question.objects.in_chat(other)) == []


def test_only_the_words_of_an_approval_are_ours_and_translated(run):
    approval, asked = ask(run, [APPROVE, REFUSE], kind=Question.Kind.APPROVAL), ask(run, [APPROVE, "No"])
    with translation.override("zh-hans"):
        assert [approval.in_words(APPROVE), asked.in_words(APPROVE)] == ["批准", "Approve"]


def test_who_answered_is_a_sender_or_a_user_or_nobody_yet(run, place):
    question = ask(run)
    assert question.answered_by == ""
    question.user = User.objects.create_user("lena")
    assert question.answered_by == "lena"
    question.sender = Sender.objects.create(channel=place.channel, external_id="42", name="Ann")
    assert question.answered_by == "Ann"


@pytest.mark.parametrize(
    ("status", "answer", "is_approved"),
    [("answered", APPROVE, True), ("answered", REFUSE, False), ("expired", APPROVE, False), ("open", "", False)],
)
def test_only_an_answer_that_says_yes_approves(status, answer, is_approved):
    assert Question(status=status, answer=answer).is_approved is is_approved
