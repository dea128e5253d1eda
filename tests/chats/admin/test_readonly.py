"""History is looked at, and goes only with what it belongs to."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from apps.chats.models import Chat
from tests.chats.support import allow, answered, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk(db: None) -> User:
    return User.objects.create_user("clerk", is_staff=True)


@pytest.fixture
def desk(clerk: User, back_to_english: None) -> Client:
    client = Client()
    client.force_login(clerk)
    return client


def test_a_channel_is_deleted_with_its_history(browser_of, channel):
    said(Chat.objects.create(channel=channel, external_id="-100"), "hello")

    browser_of.post(f"/admin/chats/channel/{channel.pk}/delete/", {"post": "yes"})

    assert not type(channel).objects.filter(pk=channel.pk).exists()


def test_history_by_itself_is_not_deleted(browser_of, chat):
    message = said(chat, "hello")

    assert browser_of.post(f"/admin/chats/message/{message.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("page", ["chats/message", "agents/run", "chats/incident", "agents/session"])
def test_history_is_looked_at_only(browser_of, chat, page):
    assert browser_of.get(f"/admin/{page}/add/").status_code == 403


@pytest.mark.parametrize(
    ("page", "action", "needed"),
    [
        ("chats/message", "resend", "add_message"),
        ("chats/incident", "mark_seen", "change_incident"),
        ("agents/run", "stop", "add_message"),
        ("agents/session", "forget", "change_group"),
    ],
)
def test_who_may_only_look_is_offered_no_action(page, action, needed, desk, clerk):
    app, _, model = page.partition("/")
    clerk.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=f"view_{model}"))
    assert action not in offered(desk, page)

    allow(clerk, needed)

    assert action in offered(desk, page)


def offered(desk: Client, page: str) -> list[str]:
    form = desk.get(f"/admin/{page}/").context["action_form"]
    return [name for name, _ in form.fields["action"].choices] if form else []


def test_who_may_only_look_sends_nothing_again(desk, clerk, chat):
    failed = answered(chat, "one", delivery="failed", error="Forbidden")
    allow(clerk, "view_message")
    again = {"action": "resend", "_selected_action": failed.pk}

    desk.post("/admin/chats/message/", again)
    failed.refresh_from_db()
    assert failed.delivery == "failed"

    allow(clerk, "add_message")
    desk.post("/admin/chats/message/", again)
    failed.refresh_from_db()
    assert failed.delivery == "queued"
