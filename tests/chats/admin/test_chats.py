"""Discovered chats get their group in the admin."""

import pytest

from apps.chats.models import Chat
from tests.chats.admin.support import act

pytestmark = pytest.mark.django_db


def test_a_discovered_chat_is_found_and_registered(browser_of, group, channel):
    found = Chat.objects.create(channel=channel, external_id="-100", title="Hiking club")

    listed = browser_of.get("/admin/chats/chat/?registered=no").text
    asked = act(browser_of, "chats/chat", "register", found)
    found.refresh_from_db()
    assert found.group is None
    done = act(browser_of, "chats/chat", "register", found, chosen="yes", group=group.pk)

    found.refresh_from_db()
    assert "Hiking club" in listed
    assert "From now on the group serves" in asked.text
    assert "/admin/chats/group/add/" in asked.text  # the group may have to be made first
    assert "1 chat is served by The family now." in done.text
    assert found.group == group


def test_registering_needs_a_group(browser_of, group, channel):
    found = Chat.objects.create(channel=channel, external_id="-100")

    response = act(browser_of, "chats/chat", "register", found, chosen="yes", group="")

    found.refresh_from_db()
    assert "errorlist" in response.text
    assert found.group is None
