"""Runs and sessions in the admin: stopped, timed, forgotten."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.agents.models import Run
from apps.agents.services import session_for
from tests.chats.admin.support import act

pytestmark = pytest.mark.django_db


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
