import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.chats.models import Channel, Chat, Group, Message, Platform, Sender
from apps.chats.models.channel import CredentialError

pytestmark = pytest.mark.django_db


@pytest.fixture
def channel():
    return Channel.objects.create(platform=Platform.TELEGRAM, name="bot")


@pytest.fixture
def chat(channel):
    return Chat.objects.create(channel=channel, external_id="-1")


def refused(action):
    with transaction.atomic(), pytest.raises(IntegrityError), transaction.atomic():
        action()
    return True


def inbound(chat, external_id):
    return Message.objects.create(chat=chat, direction="in", external_id=external_id, text="hello")


def outbound(chat, **fields):
    return Message.objects.create(
        chat=chat, direction="out", delivery="queued", next_attempt_at=timezone.now(), text="hi", **fields
    )


def test_a_message_id_is_taken_once_in_a_chat_but_again_in_another(channel, chat):
    inbound(chat, "7")
    assert refused(lambda: inbound(chat, "7"))
    inbound(Chat.objects.create(channel=channel, external_id="-2"), "7")
    assert Message.objects.count() == 2


def test_an_inbound_message_needs_an_id_and_an_outbound_one_a_delivery_state(chat):
    assert refused(lambda: inbound(chat, ""))
    assert refused(lambda: Message.objects.create(chat=chat, direction="out", text="hi"))
    assert refused(lambda: Message.objects.create(chat=chat, direction="in", external_id="1", delivery="sent"))


def test_chats_and_senders_are_one_for_each_external_id_and_channel(channel, chat):
    other = Channel.objects.create(platform=Platform.TELEGRAM, name="other")
    Sender.objects.create(channel=channel, external_id="42")
    assert refused(lambda: Chat.objects.create(channel=channel, external_id="-1"))
    assert refused(lambda: Sender.objects.create(channel=channel, external_id="42"))
    Chat.objects.create(channel=other, external_id="-1")
    Sender.objects.create(channel=other, external_id="42")


def test_two_groups_never_share_a_folder_not_even_in_another_case():
    Group.objects.create(name="A", folder="team")
    assert refused(lambda: Group.objects.create(name="B", folder="team"))
    assert refused(lambda: Group.objects.create(name="B", folder="TEAM"))


def test_there_is_one_main_group():
    Group.objects.create(name="A", folder="a", is_main=True)
    Group.objects.create(name="B", folder="b")
    assert refused(lambda: Group.objects.create(name="C", folder="c", is_main=True))


@pytest.mark.parametrize("folder", ["main", "family-chat", "Team_42", "a" * 64])
def test_plain_names_are_folders(folder):
    group = Group(name="x", folder=folder)
    group.full_clean()  # would raise
    assert group.folder == folder


@pytest.mark.parametrize(
    "folder", ["../../etc", "/tmp", "global", "Global", "", "a/b", "-x", "a" * 65, "a b", "a\n", "ä"]
)
def test_other_names_are_not(folder):
    with pytest.raises(ValidationError):
        Group(name="x", folder=folder).full_clean()


def test_of_each_chat_the_oldest_waiting_message_is_the_head(channel, chat):
    first, _behind = outbound(chat), outbound(chat)
    elsewhere = outbound(Chat.objects.create(channel=channel, external_id="-2"))
    assert list(Message.objects.heads()) == [first, elsewhere]


def test_a_message_that_waits_for_its_retry_holds_back_those_behind_it(chat):
    first, second = outbound(chat), outbound(chat)
    assert first.claim_delivery()
    assert not Message.objects.heads().exists()
    first.mark_retry("no", 60)
    assert list(Message.objects.heads()) == [first]
    first.mark_failed("never")
    assert list(Message.objects.heads()) == [second]


def test_a_delivery_is_claimed_once(chat):
    message = outbound(chat)
    assert message.claim_delivery()
    assert not Message.objects.get(pk=message.pk).claim_delivery()
    assert message.attempts == 1


def test_waiting_as_the_platform_asked_is_no_attempt(chat):
    message = outbound(chat)
    message.claim_delivery()
    message.mark_waiting("slow down", 3)
    message.refresh_from_db()
    assert (message.delivery, message.attempts) == ("queued", 0)
    assert message.next_attempt_at > timezone.now()


def test_a_failed_message_is_sent_again_from_its_missing_part(chat):
    message = outbound(chat)
    message.claim_delivery()
    message.mark_part_sent("1")
    message.mark_failed("gone")
    assert message.resend()
    message.refresh_from_db()
    assert (message.delivery, message.attempts, message.external_parts) == ("queued", 0, ["1"])


def test_a_credential_may_refer_to_the_environment_or_a_file(channel, monkeypatch, tmp_path):
    monkeypatch.setenv("BOT_TOKEN", "from-env")
    (tmp_path / "token").write_text("from-file\n")
    channel.credentials = {"a": "plain", "b": "env:BOT_TOKEN", "c": f"file:{tmp_path}/token"}
    assert [channel.credential(key) for key in "abc"] == ["plain", "from-env", "from-file"]


def test_a_credentials_file_that_is_no_text_is_said(channel, tmp_path):
    (tmp_path / "token").write_bytes(b"\xff\xfe")
    channel.credentials = {"token": f"file:{tmp_path}/token"}
    with pytest.raises(CredentialError, match="cannot be read: it is no text"):
        channel.credential("token")


@pytest.mark.parametrize("value", ["", "env:NGB_NOT_SET", "file:/nonexistent"])
def test_a_missing_credential_is_said_in_words(channel, value):
    channel.credentials = {"token": value}
    with pytest.raises(CredentialError, match=r"credential.*(missing or empty|cannot be read)"):
        channel.credential("token")
