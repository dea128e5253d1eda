"""The main group lists groups and registers new ones; nobody else does."""

import pytest

from apps.agents.toolkit import registry
from apps.agents.toolkit.registry import ForbiddenError
from apps.chats.models import Channel, Chat, Group, Incident
from apps.chats.workspace.folders import workspace
from tests.agents.support import refused
from tests.agents.tools.support import again


def test_only_the_main_group_lists_groups(run, group, foreign):
    assert "main group" in refused(run, "list_groups")
    group.is_main = True
    assert "office: “The office”, trigger “@Andy”, 2 chats, no run yet" in registry.call(run, "list_groups", {})


@pytest.fixture
def waiting(telegram: Channel) -> Chat:
    return Chat.objects.create(channel=telegram, external_id="-3", title="New")


def test_the_main_group_registers_a_group_with_its_chats(main, waiting):
    given = {"folder": "club", "name": "The club", "chats": ["telegram:-3"], "trigger": "@Bob", "engage": "prefix"}
    assert "Registered: club" in registry.call(main, "register_group", given)
    club = Group.objects.get(folder="club")
    waiting.refresh_from_db()
    assert (waiting.group, club.is_main, club.trigger, club.engage, club.mounts) == (club, False, "@Bob", "prefix", [])
    assert (workspace(club) / "CLAUDE.md").exists()


def test_a_group_is_registered_once_also_when_the_run_is_tried_again(main, waiting):
    given = {"folder": "club", "chats": ["telegram:-3"]}
    registry.call(main, "register_group", given)
    assert "already" in registry.call(again(main), "register_group", given)
    assert Group.objects.filter(folder="club").count() == 1


@pytest.mark.parametrize("given", [{"is_main": True}, {"mounts": [{"host": "/"}]}, {"network": "open"}])
def test_what_only_a_person_may_say_is_not_taken(main, given):
    assert "extra" in refused(main, "register_group", folder="club", **given).lower()
    assert not Group.objects.filter(folder="club").exists()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"folder": "../../etc"}, "Letters, digits"),
        ({"folder": "Team"}, "Another group has this folder"),
        ({"folder": "club", "chats": ["telegram:-2002"]}, "already belongs to the group office"),
        ({"folder": "club", "chats": ["telegram:-9"]}, "somebody must write in it first"),
    ],
)
def test_a_bad_registration_is_refused_with_nothing_made(main, foreign, given, words):
    assert words in refused(main, "register_group", **given)
    assert set(Group.objects.values_list("folder", flat=True)) == {"team", "office"}


def test_no_other_group_registers_groups(run):
    with pytest.raises(ForbiddenError):
        registry.call(run, "register_group", {"folder": "club"})
    assert not Group.objects.filter(folder="club").exists()
    assert Incident.objects.filter(kind="refused tool").exists()
