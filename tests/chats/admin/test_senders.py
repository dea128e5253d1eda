"""Senders and strangers at the operator's desk."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from apps.agents.models import Run
from apps.chats.models import Chat, Message, Pairing, Sender
from apps.chats.services import create_group
from tests.chats.admin.support import told_after as act

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_stranger_is_approved_with_a_group(browser_of, waiting):
    group = create_group(folder="team", name="The team")
    assert waiting.code in browser_of.get("/admin/chats/pairing/").text
    assert "telegram:42" in act(browser_of, "pairing", "approve", waiting)
    assert "1 person is let in" in act(browser_of, "pairing", "approve", waiting, chosen="yes", group=group.pk)
    assert Sender.objects.get().access == Sender.Access.ALLOWED
    assert Run.objects.get().session.group == group


def test_without_a_group_the_page_says_what_is_missing(browser_of, waiting):
    assert "name the group" in act(browser_of, "pairing", "approve", waiting, chosen="yes", group="")
    assert Pairing.objects.exists()


@pytest.mark.parametrize("page", ["chat", "sender"])
def test_a_chat_and_a_sender_are_deleted_with_what_hangs_on_them(browser_of, waiting, page):
    row = waiting.chat if page == "chat" else waiting.sender
    browser_of.post(f"/admin/chats/{page}/{row.pk}/delete/", {"post": "yes"})
    assert not type(row).objects.filter(pk=row.pk).exists()
    assert not Pairing.objects.exists()


def test_whoever_may_only_look_approves_nobody(waiting):
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_pairing"))
    browser = Client()
    browser.force_login(viewer)
    assert waiting.code in browser.get("/admin/chats/pairing/").text
    act(browser, "pairing", "approve", waiting, chosen="yes", group=create_group(folder="team").pk)
    assert Pairing.objects.exists()


def test_a_stranger_is_blocked_with_what_was_written(browser_of, waiting):
    assert "1 sender is blocked" in act(browser_of, "pairing", "block", waiting)
    assert Sender.objects.get().access == Sender.Access.BLOCKED
    assert not Message.objects.inbound().exists()


@pytest.mark.parametrize(
    ("action", "access"), [("allow", "allowed"), ("make_admin", "admin"), ("block", "blocked"), ("withdraw", "unknown")]
)
def test_the_actions_on_senders(browser_of, waiting, action, access):
    assert "1 sender: " in act(browser_of, "sender", action, waiting.sender)
    assert Sender.objects.get().access == access


def test_to_allow_a_sender_on_their_page_answers_what_waited(browser_of, waiting):
    Chat.objects.update(group=create_group(folder="team"))
    browser_of.post(f"/admin/chats/sender/{waiting.sender_id}/change/", {"access": "admin"})
    assert Sender.objects.get().access == "admin"
    assert Run.objects.exists()
