"""Questions are answered once: by a number, a reply or a button, and by whom, and where."""

import pytest
from django.contrib.auth.models import User

from apps.agents.models import Question, Run
from apps.agents.questions import questions
from apps.agents.questions.answers import matching
from apps.chats.models import Chat, Message, Sender
from tests.agents.questions.support import COLOURS, ask, notices, outcome, write

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("given", "meant"),
    [("1", "Red"), ("2.", "Dark blue"), ("#2", "Dark blue"), ("dark BLUE", "Dark blue"), ("3", ""), ("0", ""),
     ("blue", ""), ("", ""), ("1 please", "")],
)  # fmt: skip
def test_a_choice_is_named_by_its_number_or_its_words(given, meant):
    assert matching(given, COLOURS) == meant


def test_a_number_in_the_chat_is_the_answer_and_calls_nobody(run):
    question = ask(run)

    stored = write("2")

    assert outcome(question) == ("answered", "Dark blue")
    assert question.answered_by == "Ann"
    assert stored
    assert (stored.run, stored.calls_agent, stored.text) == (run, False, "Dark blue")
    assert Run.objects.count() == 1


def test_other_words_are_chatter_as_ever(run):
    question = ask(run)

    stored = write("what a question")

    assert outcome(question) == ("open", "")
    assert stored is not None
    assert stored.run is None


def test_with_two_questions_open_only_a_reply_says_which(run):
    first, second = ask(run), ask(run)
    Message.objects.filter(questions=second).update(external_parts=["77"])
    write("1")
    assert [outcome(question)[0] for question in (first, second)] == ["open", "open"]

    write("1", reply_to="77")

    assert [outcome(question)[0] for question in (first, second)] == ["open", "answered"]


def test_a_number_in_another_thread_or_chat_answers_nothing(run, place, group):
    Chat.objects.create(channel=place.channel, external_id="-2", group=group)
    question = ask(run)

    write("1", thread_id="7")
    write("1", chat_id="-2")

    assert outcome(question) == ("open", "")


def test_where_only_mentions_reach_the_bot_the_answer_may_stand_behind_one(run):
    question = ask(run)
    write("@Andy 2", mentions_bot=True)
    assert outcome(question) == ("answered", "Dark blue")


def test_free_words_answer_as_a_reply_but_not_as_chatter(run):
    question = ask(run, choices=[])
    Message.objects.filter(questions=question).update(external_parts=["77"])
    write("I had pasta today")
    assert outcome(question) == ("open", "")

    write("Something like teal", reply_to="77")

    assert outcome(question) == ("answered", "Something like teal")


def test_a_button_answers(run):
    question = ask(run)
    stored = write("", pressed=question.token(0), external_id="press-1")
    assert outcome(question) == ("answered", "Red")
    assert stored
    assert stored.text == "Red"


def test_a_made_up_button_answers_nothing_and_leaves_nothing(run, group, place):
    question = ask(run)
    elsewhere = Chat.objects.create(channel=place.channel, external_id="-2", group=group)
    foreign = ask(run, places=[questions.Place(elsewhere)])

    for token in (foreign.token(0), question.token(2), "q999999:0", "q1", "x" * 500, f"q{question.pk}:-1"):
        assert write("", pressed=token, external_id=token[:50]) is None

    assert outcome(question) == outcome(foreign) == ("open", "")
    assert not Message.objects.inbound().exists()


def test_the_first_answer_counts_and_the_second_is_told_so_once(run):
    question = ask(run)
    write("", pressed=question.token(0), external_id="press-1")

    for number in range(3):
        write("", pressed=question.token(1), external_id=f"press-bob-{number}", sender_id="43", sender_name="Bob")

    assert outcome(question) == ("answered", "Red")
    assert notices() == ["Bob: Ann has answered that already: Red"]


def test_a_blocked_sender_answers_nothing(run, place):
    Sender.objects.create(channel=place.channel, external_id="42", access=Sender.Access.BLOCKED)
    question = ask(run)
    assert write("1") is None
    assert outcome(question) == ("open", "")


def test_in_a_strict_group_a_stranger_answers_nothing(run, group):
    group.sender_policy = "known"
    group.save()
    question = ask(run)

    write("1")
    write("", pressed=question.token(0), external_id="press-1")

    assert outcome(question) == ("open", "")
    assert not Message.objects.filter(external_id="press-1").exists()


# Who may approve.


def approval(run: Run, delivery: str = "sent") -> Question:
    question = ask(run, ["Approve", "Refuse"], kind=Question.Kind.APPROVAL, subject="Bash")
    question.messages.update(delivery=delivery)
    return question


def test_an_admin_sender_approves(run, place):
    Sender.objects.create(channel=place.channel, external_id="42", access=Sender.Access.ADMIN)
    question = approval(run)
    write("1")
    question.refresh_from_db()
    assert question.is_approved


def test_what_an_admin_writes_before_he_can_have_seen_it_approves_nothing(run, place):
    Sender.objects.create(channel=place.channel, external_id="42", access=Sender.Access.ADMIN)
    question = approval(run, delivery="queued")
    write("1")
    assert outcome(question) == ("open", "")


@pytest.mark.parametrize("access", [Sender.Access.UNKNOWN, Sender.Access.ALLOWED])
def test_nobody_else_approves_and_each_is_told_so(run, place, access):
    Sender.objects.create(channel=place.channel, external_id="42", access=access)
    question = approval(run)

    write("1")
    write("", pressed=question.token(0), external_id="press-1")

    assert outcome(question) == ("open", "")
    assert notices() == ["Ann: Only an admin may answer that."]


def test_a_user_approves_by_permission_only(run):
    question = approval(run)
    clerk, boss = User.objects.create_user("clerk", is_staff=True), User.objects.create_superuser("boss")
    assert "Only an admin" in questions.answer(question, "Approve", user=clerk)
    assert outcome(question) == ("open", "")

    assert questions.answer(question, "Approve", user=boss) == ""

    question.refresh_from_db()
    assert (question.is_approved, question.answered_by) == (True, "boss")


def test_a_refusal_is_no_approval(run):
    question = approval(run)
    questions.answer(question, "Refuse", user=User.objects.create_superuser("boss"))
    question.refresh_from_db()
    assert not question.is_approved
