"""Whoever gives a stranger's chat its group lets the stranger in."""

import pytest

from apps.agents.models import Run
from apps.chats.models import Pairing
from apps.chats.services import create_group
from tests.chats.admin.support import told_after as act

pytestmark = pytest.mark.django_db(transaction=True)


def test_to_register_the_chat_lets_its_stranger_in(browser_of, waiting):
    group = create_group(folder="team")
    act(browser_of, "chat", "register", waiting.chat, chosen="yes", group=group.pk)
    assert Run.objects.get().session.group == group
    assert not Pairing.objects.exists()


def test_a_group_chosen_on_the_chats_page_lets_its_stranger_in_as_well(browser_of, waiting):
    group = create_group(folder="team")
    browser_of.post(f"/admin/chats/chat/{waiting.chat_id}/change/", {"title": "Ann", "group": group.pk})
    assert Run.objects.get().session.group == group
    assert not Pairing.objects.exists()
