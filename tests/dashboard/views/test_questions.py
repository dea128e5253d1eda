"""Questions on the pages: who sees them, who may decide, what becomes of a press."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from apps.agents.models import Question
from apps.chats.models import Message
from apps.dashboard import transcript
from tests.dashboard.support import ask, status


@pytest.fixture
def stranger(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_user("carl"))
    return client


def test_the_overview_offers_the_decision(browser_of, chat, person):
    question = ask(chat)
    page = browser_of.get("/").content.decode()
    assert "May <strong>it</strong>?" in page
    assert "1 decision is awaited" in page

    answer = browser_of.post(f"/questions/{question.pk}/", {"choice": "0"})

    assert answer.status_code == 302
    assert status(question) == ("answered", "Approve")
    assert question.user == person
    assert "May" not in browser_of.get("/questions/").content.decode()


def test_without_the_permission_nothing_is_shown_and_nothing_counts(stranger, chat):
    question = ask(chat)
    assert "May" not in stranger.get("/").content.decode()
    assert stranger.get("/questions/").content.decode().strip() == ""

    page = stranger.post(f"/questions/{question.pk}/", {"choice": "0"}, follow=True).content.decode()

    assert "Only an admin may answer that." in page
    assert status(question) == ("open", "")


def test_who_may_change_groups_may_decide_while_he_is_staff(stranger, chat):
    User.objects.get(username="carl").user_permissions.add(
        Permission.objects.get(content_type__app_label="chats", codename="change_group")
    )
    question = ask(chat)
    stranger.post(f"/questions/{question.pk}/", {"choice": "1"})
    assert "May" not in stranger.get("/").content.decode()
    assert status(question) == ("open", "")

    User.objects.update(is_staff=True)
    stranger.post(f"/questions/{question.pk}/", {"choice": "1"})
    assert status(question) == ("answered", "Refuse")


def test_a_second_decision_is_told_that_it_is_too_late(browser_of, chat):
    question = ask(chat)
    browser_of.post(f"/questions/{question.pk}/", {"choice": "1"})
    page = browser_of.post(f"/questions/{question.pk}/", {"choice": "0"}, follow=True).content.decode()
    assert "lena has answered that already: Refuse" in page
    assert status(question) == ("answered", "Refuse")


@pytest.mark.parametrize("choice", ["", "2", "-1", "x"])
def test_a_made_up_choice_decides_nothing(browser_of, chat, choice):
    question = ask(chat)
    browser_of.post(f"/questions/{question.pk}/", {"choice": choice})
    assert status(question) == ("open", "")


def test_signed_out_there_is_nothing(chat):
    question = ask(chat)
    assert Client().get("/questions/").status_code == 401
    assert Client().post(f"/questions/{question.pk}/", {"choice": "0"}).status_code == 302
    assert Client().post("/chat/family/press/", {"token": question.token(0)}).status_code == 401
    assert status(question) == ("open", "")


def test_a_question_in_the_chat_has_buttons_until_it_is_answered(browser_of, chat):
    question = ask(chat, Question.Kind.ASK, ["Red", "<b>Blue</b>"])
    page = browser_of.get("/chat/family/").content.decode()
    assert f'data-press="{question.token(0)}"' in page
    assert "&lt;b&gt;Blue" in page

    assert browser_of.post("/chat/family/press/", {"token": question.token(0)}).status_code == 201

    drawn = transcript.draw_message(question.messages.get(), viewer="user-0")
    assert "data-press" not in drawn
    assert "✔ Red" in drawn
    assert Message.objects.inbound().get().text == "Red"


def test_a_made_up_button_is_refused_in_words(browser_of, chat):
    ask(chat)
    answer = browser_of.post("/chat/family/press/", {"token": "q1000:0"})
    assert (answer.status_code, answer.json()["error"]) == (409, "Nobody waits for that answer here.")
