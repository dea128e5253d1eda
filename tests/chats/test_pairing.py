"""A stranger gets a code, and whoever approves it lets them in; through the real intake."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.agents.models import Run
from apps.agents.turns import prompts
from apps.chats import pairing
from apps.chats.models import Channel, Chat, Incident, Message, Pairing, Sender
from apps.chats.services import create_group, web_chat
from tests.chats.support import (
    ADMIN,
    ALLOWED,
    OPEN,
    PAIRING,
    STORED_CALL,
    became,
    code_of,
    directly,
    group_chat,
    notices,
    write,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def channel():
    return Channel.objects.create(platform="telegram", name="bot")


def test_a_stranger_who_calls_gets_one_code(channel):
    group_chat(channel, PAIRING)
    for _ in range(3):
        write(channel, "@Andy hello")
    (notice,) = notices("-1")
    assert code_of() in notice
    assert not Run.objects.exists()


def test_a_stranger_who_only_talks_gets_none(channel):
    group_chat(channel, PAIRING)
    write(channel, "just talk")
    assert notices("-1") == []


def test_the_first_message_is_answered_once_it_is_approved(channel):
    group_chat(channel, PAIRING)
    write(channel, "@Andy please help")
    pairing.approve(pairing.find(code_of()))
    prompt = prompts.compose(Run.objects.get())
    assert prompt
    assert prompt.calls
    assert "please help" in prompt.text
    assert became(write(channel, "@Andy more")) == STORED_CALL
    assert not Pairing.objects.exists()


def test_a_code_is_read_in_any_form_and_used_once(channel):
    group_chat(channel, PAIRING)
    write(channel, "@Andy hello")
    code = code_of()
    found = pairing.find(f" {code[:4].lower()}-{code[4:].lower()} ")
    pairing.approve(found)
    with pytest.raises(pairing.PairingError, match="no such code"):
        pairing.find(code)
    with pytest.raises(pairing.PairingError, match="somebody else"):
        pairing.approve(found)


def test_at_most_three_strangers_of_a_channel_wait(channel):
    group_chat(channel, PAIRING)
    for sender in ("1", "2", "3", "4"):
        write(channel, "@Andy hello", sender=sender)
    assert Pairing.objects.count() == 3
    assert len(notices("-1")) == 3
    assert Incident.objects.filter(kind="pairing").exists()
    other = Channel.objects.create(platform="qq", name="other")
    directly(other, "hello", sender="5")
    assert Pairing.objects.count() == 4


def test_a_code_expires_with_its_message_and_a_new_one_is_given(channel):
    group_chat(channel, PAIRING)
    write(channel, "@Andy hello")
    code = code_of()
    Pairing.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(pairing.PairingError):
        pairing.find(code)
    pairing.drop_expired()
    assert not Message.objects.inbound().exists()
    write(channel, "@Andy hello again")
    assert code_of() != code
    assert len(notices("-1")) == 2


def test_an_expired_code_makes_room_even_before_it_is_swept(channel):
    group_chat(channel, PAIRING)
    write(channel, "@Andy hello")
    Pairing.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    write(channel, "@Andy hello again")
    assert Pairing.objects.get().expires_at > timezone.now()
    assert [message.text for message in Message.objects.inbound()] == ["@Andy hello again"]


def test_a_stranger_who_is_blocked_takes_the_message_along(channel):
    group_chat(channel, PAIRING)
    write(channel, "@Andy hello")
    found = Pairing.objects.get()
    pairing.block(found.sender)
    assert not Message.objects.inbound().exists()
    with pytest.raises(pairing.PairingError):
        pairing.approve(found)


def test_to_allow_a_sender_by_hand_answers_the_first_message(channel):
    group_chat(channel, PAIRING)
    write(channel, "@Andy hello")
    pairing.allow(Sender.objects.get())
    assert Run.objects.get().status == Run.Status.QUEUED


def test_an_approved_direct_chat_is_served_by_the_named_group(channel):
    group = create_group(folder="team")
    directly(channel, "hello")
    with pytest.raises(pairing.PairingError, match="name the group"):
        pairing.approve(pairing.find(code_of()))
    pairing.approve(pairing.find(code_of()), group=group)
    assert Run.objects.get().session.group == group
    assert became(directly(channel, "and then?")) == STORED_CALL


def test_the_channel_may_name_the_group_for_direct_chats(channel):
    group = create_group(folder="team")
    Channel.objects.update(options={"pairing_group": "team"})
    channel.refresh_from_db()
    directly(channel, "hello")
    assert pairing.approve(pairing.find(code_of())) == group


def test_a_strangers_command_waits_for_nobody(channel):
    group = create_group(folder="team")
    directly(channel, "/status")
    assert code_of() in notices("42")[0]
    pairing.approve(pairing.find(code_of()), group=group)
    assert not Run.objects.exists()
    assert notices("42")[1] == "You are let in: write to me now."


def test_an_admin_lets_a_stranger_in_from_the_chat(channel):
    group_chat(channel, PAIRING)
    Sender.objects.create(channel=channel, external_id="7", access=ADMIN)
    write(channel, "@Andy hello")
    write(channel, f"@Andy /pair {code_of()}", sender="7")
    assert "P42 may write now" in notices("-1")[-1]
    assert Run.objects.count() == 1


def test_a_member_lets_nobody_in(channel):
    group_chat(channel, PAIRING)
    Sender.objects.create(channel=channel, external_id="7", access=ALLOWED)
    write(channel, "@Andy hello")
    write(channel, f"@Andy /pair {code_of()}", sender="7")
    assert "Only an admin" in notices("-1")[-1]
    assert Pairing.objects.exists()


def test_an_admin_approves_only_their_own_channels_codes(channel):
    group_chat(channel, OPEN)
    Sender.objects.create(channel=channel, external_id="7", access=ADMIN)
    other = Channel.objects.create(platform="qq", name="other")
    directly(other, "hello")
    write(channel, f"@Andy /pair {code_of()} team", sender="7")
    assert "another channel" in notices("-1")[-1]


def test_the_main_group_is_not_given_away_from_another_one(channel):
    create_group(folder="main", is_main=True)
    group_chat(channel, OPEN)
    Sender.objects.create(channel=channel, external_id="7", access=ADMIN)
    directly(channel, "hello")
    write(channel, f"@Andy /pair {code_of()} main", sender="7")
    assert "main group" in notices("-1")[-1]
    assert Pairing.objects.exists()
    write(channel, f"@Andy /pair {code_of()} team", sender="7")
    assert Chat.objects.filter(external_id="42", group__folder="team").exists()


def test_on_the_chat_page_an_admin_approves_every_channels_codes(channel):
    page = web_chat(create_group(folder="main", is_main=True))
    directly(channel, "hello")
    write(page.channel, f"/pair {code_of()} main", chat="main", sender="user-1", mentions_bot=True, access=ADMIN)
    assert Chat.objects.filter(external_id="42", group__is_main=True).exists()


def test_a_wrong_code_is_said_in_words(channel):
    group_chat(channel, OPEN)
    Sender.objects.create(channel=channel, external_id="7", access=ADMIN)
    write(channel, "@Andy /pair ABCDEFGH", sender="7")
    assert "no such code" in notices("-1")[0]
