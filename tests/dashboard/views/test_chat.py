from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.chats.support import answered
from tests.dashboard.support import run_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/", "/chat/", "/chat/family/"])
def test_strangers_are_sent_to_the_login(path, group):
    response = Client().get(path)

    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/")


@pytest.mark.parametrize("path", ["/chat/family/messages/", "/chat/family/stop/"])
def test_strangers_may_not_write(path, group):
    assert Client().post(path, {"text": "hello"}).status_code == 401


@pytest.mark.parametrize("path", ["/", "/chat/", "/chat/family/"])
def test_pages_open_and_have_nothing_inline(path, browser_of, chat):
    answered(chat, "a *text*")

    response = browser_of.get(path)

    assert response.status_code == 200
    assert "style=" not in response.text
    assert "<script>" not in response.text
    assert "default-src 'self'" in response["Content-Security-Policy"]


def test_a_group_that_is_not_there(browser_of):
    assert browser_of.get("/chat/nowhere/").status_code == 404
    assert browser_of.get("/chat/fam%00ily/").status_code == 404
    assert browser_of.post("/chat/nowhere/messages/", {"text": "x"}).status_code == 404


@pytest.mark.parametrize("before", ["x", "-1", "1e3", "9" * 30])
def test_a_cursor_that_is_none(before, browser_of, chat):
    assert browser_of.get(f"/chat/family/messages/?before={before}").status_code == 404


def test_no_run_no_stop_button(browser_of, chat):
    run_of(chat, "succeeded")

    assert "data-stop>" not in browser_of.get("/chat/family/").text


def test_stop_ends_a_queued_run(browser_of, chat):
    run = run_of(chat, "queued")

    first, second = (browser_of.post("/chat/family/stop/").json() for _ in range(2))

    run.refresh_from_db()
    assert run.status == "cancelled"
    assert (first, second) == ({"stopped": 1}, {"stopped": 0})


def test_groups_stand_in_the_order_of_their_activity(browser_of, group, chat):
    from apps.chats.services import create_group, web_chat

    other = web_chat(create_group(folder="office", name="Office"))
    create_group(folder="silent", name="Silent")
    chat.last_message_at = timezone.now() - timedelta(hours=1)
    chat.save()
    other.last_message_at = timezone.now()
    other.save()

    page = browser_of.get("/chat/").text

    assert page.index("/chat/office/") < page.index("/chat/family/") < page.index("/chat/silent/")


def test_the_page_speaks_chinese(browser_of, group):
    browser_of.post("/i18n/setlang/", {"language": "zh-hans", "next": "/chat/family/"})

    page = browser_of.get("/chat/family/").text

    assert '<html lang="zh-hans">' in page
    assert "发送" in page
