from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from apps.agents.models import Run
from apps.agents.sandbox.selection import Choice
from apps.agents.services import session_for
from apps.chats import incidents
from apps.chats.models import Channel
from apps.dashboard import service_status
from apps.dashboard.service_status import Serving
from tests.chats.support import answered, said

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


def test_history_is_the_newest_page_and_older_ones_on_demand(browser_of, chat):
    rows = [said(chat, f"line {number:03}") for number in range(120)]

    newest = browser_of.get("/chat/family/").text
    older = browser_of.get(f"/chat/family/messages/?before={rows[70].pk}").text
    oldest = browser_of.get(f"/chat/family/messages/?before={rows[20].pk}").text

    assert [f"line {number:03}" in newest for number in (69, 70, 119)] == [False, True, True]
    assert [f"line {number:03}" in older for number in (19, 20, 69, 70)] == [False, True, True, False]
    assert f'data-older="{rows[20].pk}"' in older
    assert "line 000" in oldest
    assert "data-older" not in oldest


@pytest.mark.parametrize("before", ["x", "-1", "1e3", "9" * 30])
def test_a_cursor_that_is_none(before, browser_of, chat):
    assert browser_of.get(f"/chat/family/messages/?before={before}").status_code == 404


def test_what_people_write_is_never_html(browser_of, chat):
    said(chat, "<script>alert(1)</script> **stars**", sender_name="<b>Eve</b>")
    answered(chat, "fine <internal>the secret</internal>")

    page = browser_of.get("/chat/family/").text

    assert "&lt;script&gt;alert(1)&lt;/script&gt; **stars**" in page
    assert "&lt;b&gt;Eve&lt;/b&gt;" in page
    assert "the secret" not in page


def test_an_answer_that_was_not_delivered_says_why(browser_of, chat):
    answered(chat, "hello", delivery="failed", error="Forbidden: the bot was kicked.")

    assert "Forbidden: the bot was kicked." in browser_of.get("/chat/family/").text


def run_of(chat, status, **more):
    return Run.objects.create(session=session_for(chat.group), chat=chat, cause="message", status=status, **more)


def test_a_failed_run_says_what_happened_and_what_to_do(browser_of, chat):
    run = run_of(chat, "failed", error="The key was refused.")

    page = browser_of.get("/chat/family/").text

    assert "The key was refused." in page
    assert "Write again" in page
    assert f"/admin/agents/run/{run.pk}/change/" in page


def test_a_run_that_waits_for_its_next_attempt_says_when(browser_of, chat):
    run_of(chat, "queued", attempt=2, error="The model is overloaded.", not_before=timezone.now())

    page = browser_of.get("/chat/family/").text

    assert "Attempt 2 failed:" in page
    assert "The model is overloaded." in page
    assert "data-stop" in page


def test_no_run_no_stop_button(browser_of, chat):
    run_of(chat, "succeeded")

    assert "data-stop>" not in browser_of.get("/chat/family/").text


def test_stop_ends_a_queued_run(browser_of, chat):
    run = run_of(chat, "queued")

    first, second = (browser_of.post("/chat/family/stop/").json() for _ in range(2))

    run.refresh_from_db()
    assert run.status == "cancelled"
    assert (first, second) == ({"stopped": 1}, {"stopped": 0})


def served_by(monkeypatch, agent, runtime, trouble=""):
    now = Serving(Choice(agent, "There is no key."), Choice(runtime, "No Docker engine answers.", trouble))
    for view in ("chat", "overview"):
        monkeypatch.setattr(f"apps.dashboard.views.{view}.serving", lambda: now)


def test_the_demo_and_the_bare_process_say_what_they_are(monkeypatch, browser_of, group):
    served_by(monkeypatch, "demo", "process")

    page = browser_of.get("/chat/family/").text

    assert "This is the demo agent" in page
    assert "ANTHROPIC_API_KEY" in page
    assert "without a container" in page
    assert "No Docker engine answers." in page


def test_a_contained_claude_needs_no_banner(monkeypatch, browser_of, group):
    served_by(monkeypatch, "claude", "docker")

    page = browser_of.get("/chat/family/").text

    assert "demo agent" not in page
    assert "without a container" not in page


@pytest.mark.parametrize("path", ["/", "/chat/family/"])
def test_a_docker_that_went_away_is_said(monkeypatch, browser_of, group, path):
    served_by(monkeypatch, "claude", "docker", trouble="The Docker engine does not answer.")

    assert "The Docker engine does not answer." in browser_of.get(path).text


def test_a_docker_that_hangs_does_not_hold_up_a_page(monkeypatch):
    import threading

    answer = threading.Event()
    monkeypatch.setattr(service_status, "PATIENCE_S", 0.05)
    monkeypatch.setattr(service_status, "current_runtime", lambda: answer.wait(60) and Choice("docker", "It answers."))
    remembered = service_status.Remembered()

    assert remembered.get().name == "unknown"
    answer.set()
    monkeypatch.setattr(service_status, "PATIENCE_S", 60)
    assert remembered.get().name == "docker"


def test_the_overview_says_how_things_stand(browser_of, group, chat):
    run_of(chat, "running", worker="x")
    Channel.objects.create(platform="telegram", name="Bot", status="failed", status_detail="The token was revoked.")
    incidents.record("mount", "family", "The folder /etc is not allowed.")

    page = browser_of.get("/").text

    assert "The family" in page
    assert "working" in page
    assert "The token was revoked." in page
    assert "1 incident nobody has seen" in page
    assert "The folder /etc is not allowed. <time datetime=" in page


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
