"""Questions in the admin are decided by those who may."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from apps.agents.models import Question
from apps.agents.questions import questions
from tests.dashboard.support import ask, status


@pytest.fixture
def stranger(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_user("carl"))
    return client


def test_the_admin_lists_questions_and_decides_them(browser_of, chat):
    first = ask(chat)
    second = questions.ask(
        first.run,
        "And this?",
        choices=["Approve", "Refuse"],
        kind=Question.Kind.APPROVAL,
        places=[questions.Place(chat)],
    )
    answer = {"action": "approve", "_selected_action": [first.pk]}
    page = browser_of.post("/admin/agents/question/", answer, follow=True).content.decode()
    assert "1 request is decided." in page
    assert [status(first), status(second)] == [("answered", "Approve"), ("open", "")]
    address = f"/admin/agents/question/{first.pk}/change/"
    page = browser_of.get(address, headers={"Accept-Language": "zh-hans"}).content.decode()
    assert "批准 · 拒绝" in page
    assert '<div class="readonly">lena</div>' in page  # who answered, once
    assert "Approve" not in page


def test_in_the_admin_a_viewer_sees_and_does_not_decide(stranger, chat):
    carl = User.objects.get(username="carl")
    carl.is_staff = True
    carl.save()
    carl.user_permissions.add(Permission.objects.get(codename="view_question"))
    question = ask(chat)
    answer = {"action": "approve", "_selected_action": [question.pk]}
    page = stranger.post("/admin/agents/question/", answer, follow=True).content.decode()
    assert "Only an admin may answer that." in page
    assert status(question) == ("open", "")
