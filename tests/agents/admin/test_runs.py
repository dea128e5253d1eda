"""Runs and their sessions in the admin: looked at, stopped and forgotten by who may, never edited."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from apps.agents.models import Run, RunUsage, Session
from apps.chats.models import Group


@pytest.fixture
def session(group: Group) -> Session:
    return Session.objects.create(group=group, key="group", sdk_session_id="abc")


@pytest.fixture
def viewer(session: Session) -> User:
    found = User.objects.create_user("viewer", is_staff=True)
    found.user_permissions.set(Permission.objects.filter(codename__in=["view_run", "view_session"]))
    return found


def act(user: User, page: str, action: str, row: Run | Session) -> str:
    browser = Client()
    browser.force_login(user)
    fields = {"action": action, "_selected_action": row.pk}
    return browser.post(f"/admin/agents/{page}/", fields, follow=True).text


def allow(user: User, codename: str) -> User:
    user.user_permissions.add(Permission.objects.get(codename=codename, content_type__app_label="chats"))
    return User.objects.get(pk=user.pk)


def test_a_run_s_page_shows_what_it_used(desk, group):
    run = Run.objects.create(session=Session.objects.create(group=group, key="group"), cause="message")
    RunUsage.objects.create(run=run, provider="first", model="claude-x", calls=3)

    assert "claude-x" in desk.get(f"/admin/agents/run/{run.pk}/change/").text
    assert desk.get("/admin/agents/runusage/").status_code == 200


def test_who_may_write_in_chats_stops_a_run_and_who_may_only_look_does_not(viewer, session):
    run = Run.objects.create(session=session, cause="request")
    act(viewer, "run", "stop", run)
    run.refresh_from_db()
    assert run.status == Run.Status.QUEUED

    assert "1 run is being stopped." in act(allow(viewer, "add_message"), "run", "stop", run)
    run.refresh_from_db()
    assert run.status == Run.Status.CANCELLED


def test_who_may_change_groups_forgets_a_session_and_who_may_only_look_does_not(viewer, session):
    act(viewer, "session", "forget", session)
    session.refresh_from_db()
    assert session.sdk_session_id == "abc"

    assert "1 session is forgotten." in act(allow(viewer, "change_group"), "session", "forget", session)
    session.refresh_from_db()
    assert session.sdk_session_id == ""


def test_a_run_tells_its_seconds_and_its_cost_and_one_that_has_none_a_dash(desk, session):
    ended = timezone.now()
    times = {"started_at": ended - timedelta(seconds=2.5), "finished_at": ended}
    Run.objects.create(session=session, cause="request", status="succeeded", cost_usd="0.5", **times)
    Run.objects.create(session=session, cause="request")

    page = desk.get("/admin/agents/run/").text

    assert [page.count(f'<td class="field-took">{took}</td>') for took in ("2.5 s", "–")] == [1, 1]
    assert [page.count(f'<td class="field-cost">{cost}</td>') for cost in ("0.5000", "–")] == [1, 1]
