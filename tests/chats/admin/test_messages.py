"""What happened is looked at in the admin, and what can still be done about it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.agents.models import Run
from apps.agents.services import session_for
from apps.chats import incidents
from apps.chats.models import Incident, Message
from tests.dashboard.support import act, answered, said

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("page", ["chats/message", "agents/run", "chats/incident", "agents/session"])
def test_history_is_looked_at_only(browser_of, chat, page):
    assert browser_of.get(f"/admin/{page}/add/").status_code == 403


def test_a_message_shows_what_it_has(browser_of, chat):
    bare, failed = said(chat, "hello"), answered(chat, "hi", delivery="failed", error="Forbidden")
    failed.attachments.create(kind="file", name="plan.pdf")

    of_bare, of_failed = (browser_of.get(f"/admin/chats/message/{each.pk}/change/").text for each in (bare, failed))

    assert ("field-error" in of_bare, "field-error" in of_failed) == (False, True)
    assert ("plan.pdf" in of_bare, "plan.pdf" in of_failed) == (False, True)
    assert "History" not in of_bare + of_failed  # nobody changes it


def test_what_failed_is_sent_again(browser_of, chat):
    failed = answered(chat, "one", delivery="failed", error="Forbidden")
    sent = answered(chat, "two")

    listed = browser_of.get("/admin/chats/message/?trouble=failed")
    response = act(browser_of, "chats/message", "resend", failed, sent)

    assert [row.pk for row in listed.context["cl"].result_list] == [failed.pk]
    assert "1 message goes out again." in response.text
    assert Message.objects.get(pk=failed.pk).delivery == "queued"
    assert Message.objects.get(pk=sent.pk).delivery == "sent"


def test_a_run_is_stopped(browser_of, chat):
    session = session_for(chat.group)
    queued = Run.objects.create(session=session, chat=chat, cause="message")
    over = Run.objects.create(session=session, chat=chat, cause="message", status="succeeded")

    response = act(browser_of, "agents/run", "stop", queued, over)

    assert "1 run is being stopped." in response.text
    assert [Run.objects.get(pk=run.pk).status for run in (queued, over)] == ["cancelled", "succeeded"]


@pytest.mark.parametrize(("language", "took"), [("en", "5 min"), ("zh-hans", "5 分钟")])
def test_the_list_of_runs_says_how_long_each_took(browser_of, chat, language, took):
    ended = timezone.now()
    run = Run.objects.create(session=session_for(chat.group), chat=chat, cause="message", status="succeeded")
    Run.objects.filter(pk=run.pk).update(started_at=ended - timedelta(minutes=5), finished_at=ended)

    page = browser_of.get("/admin/agents/run/", headers={"Accept-Language": language}).text

    assert f'<td class="field-took">{took}</td>' in page


def test_a_session_is_forgotten(browser_of, chat):
    session = session_for(chat.group)
    session.sdk_session_id = "abc"
    session.save()

    act(browser_of, "agents/session", "forget", session)

    session.refresh_from_db()
    assert session.sdk_session_id == ""


def test_an_incident_is_seen(browser_of, db):
    incidents.record("mount", "family", "Refused.")

    response = act(browser_of, "chats/incident", "mark_seen", Incident.objects.get())

    assert "1 incident is seen." in response.text
    assert Incident.objects.get().seen
