"""History is looked at, and goes only with what it belongs to."""

import pytest

from apps.chats.models import Chat
from tests.chats.support import said

pytestmark = pytest.mark.django_db


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
