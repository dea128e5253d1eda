from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from apps.chats.models import Channel, Chat, Group
from apps.chats.services import create_group

pytestmark = pytest.mark.django_db


def addgroup(*arguments: str) -> str:
    out = StringIO()
    call_command("addgroup", *arguments, stdout=out)
    return out.getvalue().strip()


def bot(name: str) -> Channel:
    return Channel.objects.create(platform="telegram", name=name)


def test_it_prints_the_folder_and_makes_the_workspace():
    assert addgroup("cellar", "--name", "O'Brien's; DROP TABLE", "--trigger", "@Chef", "--engage", "prefix") == "cellar"
    group = Group.objects.get(folder="cellar")
    assert (group.name, group.trigger, group.engage, group.is_main) == (
        "O'Brien's; DROP TABLE",
        "@Chef",
        "prefix",
        False,
    )
    assert (settings.GROUPS_DIR / "cellar" / "CLAUDE.md").exists()


@pytest.mark.parametrize("folder", ["../../etc", "/tmp", "global", "Global", "", "a/b", "x" * 65])
def test_a_bad_folder_is_a_sentence_and_leaves_nothing(folder):
    before = sorted(settings.GROUPS_DIR.glob("*"))
    with pytest.raises(CommandError):
        addgroup(folder)
    assert not Group.objects.exists()
    assert sorted(settings.GROUPS_DIR.glob("*")) == before


def test_a_folder_that_looks_like_an_option_is_refused():
    with pytest.raises(CommandError):
        addgroup("-x")
    with pytest.raises(CommandError, match="Letters, digits"):
        addgroup("--", "-x")


def test_a_chat_may_be_named_before_it_was_seen():
    channel = bot("telegram")
    addgroup("kitchen", "--chat", "telegram:-100123", "--chat", "telegram/-100124")
    chats = Chat.objects.filter(channel=channel).order_by("external_id")
    assert [(chat.external_id, chat.group.folder) for chat in chats if chat.group] == [
        ("-100123", "kitchen"),
        ("-100124", "kitchen"),
    ]


def test_an_id_may_have_a_slash_in_it():
    Channel.objects.create(platform="dingtalk", name="ding")
    addgroup("kitchen", "--chat", "ding/cid6Ke/BB+x==", "--chat", "dingtalk:ding/cid7/")
    assert set(Chat.objects.values_list("external_id", flat=True)) >= {"cid6Ke/BB+x==", "cid7/"}


def test_a_discovered_chat_is_registered():
    seen = Chat.objects.create(channel=bot("telegram"), external_id="-1", title="Kitchen")
    addgroup("kitchen", "--chat", "telegram:-1")
    seen.refresh_from_db()
    assert seen.group == Group.objects.get(folder="kitchen")


def test_two_channels_of_a_platform_are_ambiguous_until_one_is_named():
    bot("sales")
    support = bot("support")
    with pytest.raises(CommandError, match=r"several channels.*sales/…, support/…"):
        addgroup("kitchen", "--chat", "telegram:-1")
    assert not Group.objects.exists()
    addgroup("kitchen", "--chat", "support/-1", "--chat", "telegram:support/-2")
    assert Chat.objects.filter(channel=support).count() == 2


@pytest.mark.parametrize(
    ("reference", "sentence"),
    [
        ("slack:C1", "There is no channel on slack"),
        ("nobody/1", "There is no channel 'nobody'"),
        (
            "slack:telegram/1",
            "There is no channel 'telegram' on slack; an id with a slash in it is written CHANNELNAME/",
        ),
        ("irc:1", "PLATFORM:EXTERNAL_ID or CHANNELNAME/EXTERNAL_ID is expected"),
        ("-100123", "PLATFORM:EXTERNAL_ID or CHANNELNAME/EXTERNAL_ID is expected"),
        ("telegram:", "missing or too long"),
        ("telegram:" + "1" * 256, "missing or too long"),
    ],
)
def test_a_bad_chat_is_a_sentence_and_the_group_is_not_made(reference, sentence):
    bot("telegram")
    with pytest.raises(CommandError, match=sentence):
        addgroup("kitchen", f"--chat={reference}")
    assert not Group.objects.exists()


def test_another_groups_chat_is_refused():
    Chat.objects.create(channel=bot("telegram"), external_id="-1", group=create_group(folder="work"))
    with pytest.raises(CommandError, match="already belongs to the group work"):
        addgroup("pantry", "--chat", "telegram:-1")
    assert not Group.objects.filter(folder="pantry").exists()
    assert not (settings.GROUPS_DIR / "pantry").exists()


def test_a_folder_and_main_exist_once():
    addgroup("first", "--main")
    with pytest.raises(CommandError, match="Another group is main"):
        addgroup("second", "--main")
    with pytest.raises(CommandError, match="already exists"):
        addgroup("first")
    with pytest.raises(CommandError, match="Another group has this folder"):
        addgroup("FIRST")
    assert Group.objects.count() == 1
