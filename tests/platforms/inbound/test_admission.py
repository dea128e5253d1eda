"""Who may call: the policies and pairing, through the real intake."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.agents.models import Run
from apps.agents.turns import prompts
from apps.chats import pairing
from apps.chats.inbound import InboundMessage
from apps.chats.models import Channel, Chat, Group, Incident, Message, Pairing, Platform, Sender
from apps.chats.services import create_group, web_chat
from apps.platforms.inbound import intake

pytestmark = pytest.mark.django_db(transaction=True)

OPEN, KNOWN, PAIRING = Group.SenderPolicy.OPEN, Group.SenderPolicy.KNOWN, Group.SenderPolicy.PAIRING
UNKNOWN, ALLOWED, BLOCKED, ADMIN = (
    Sender.Access.UNKNOWN,
    Sender.Access.ALLOWED,
    Sender.Access.BLOCKED,
    Sender.Access.ADMIN,
)
REMEMBER, DROP = Group.Unaddressed.REMEMBER, Group.Unaddressed.DROP

_number = iter(range(1, 10_000))


@pytest.fixture
def channel():
    return Channel.objects.create(platform=Platform.TELEGRAM, name="bot")


def group_chat(channel, policy, unaddressed=REMEMBER):
    group = create_group(folder="team", sender_policy=policy, unaddressed=unaddressed)
    return Chat.objects.create(channel=channel, external_id="-1", group=group)


def write(channel, text, *, sender="42", chat="-1", **fields):
    arrived = InboundMessage(
        external_id=f"m{next(_number)}", chat_id=chat, sender_id=sender, sender_name=f"P{sender}", text=text, **fields
    )
    return intake.accept(channel, arrived)


def directly(channel, text, *, sender="42", **fields):
    return write(channel, text, sender=sender, chat=sender, chat_kind=Chat.Kind.DIRECT, **fields)


def code_of(sender="42"):
    return Pairing.objects.get(sender__external_id=sender).code


def notices(external_id):
    said = Message.objects.outbound().filter(chat__external_id=external_id, kind=Message.Kind.NOTICE)
    return list(said.values_list("text", flat=True))


# What each policy makes of a call (@Andy) and of talk.

STORED_CALL, CONTEXT, ASIDE, NOTHING = "calls", "context", "aside", "nothing"
TABLE = [
    # policy, access, unaddressed, a call becomes, talk becomes
    (OPEN, UNKNOWN, REMEMBER, STORED_CALL, CONTEXT),
    (OPEN, UNKNOWN, DROP, STORED_CALL, NOTHING),
    (OPEN, ALLOWED, REMEMBER, STORED_CALL, CONTEXT),
    (OPEN, BLOCKED, REMEMBER, NOTHING, NOTHING),
    (KNOWN, UNKNOWN, REMEMBER, ASIDE, ASIDE),
    (KNOWN, UNKNOWN, DROP, NOTHING, NOTHING),
    (KNOWN, ALLOWED, REMEMBER, STORED_CALL, CONTEXT),
    (KNOWN, ALLOWED, DROP, STORED_CALL, NOTHING),
    (KNOWN, ADMIN, REMEMBER, STORED_CALL, CONTEXT),
    (KNOWN, BLOCKED, REMEMBER, NOTHING, NOTHING),
    (PAIRING, UNKNOWN, REMEMBER, ASIDE, ASIDE),
    (PAIRING, UNKNOWN, DROP, ASIDE, NOTHING),  # the call waits for the code
    (PAIRING, ALLOWED, REMEMBER, STORED_CALL, CONTEXT),
    (PAIRING, ADMIN, DROP, STORED_CALL, NOTHING),
    (PAIRING, BLOCKED, REMEMBER, NOTHING, NOTHING),
]


def became(message):
    if message is None:
        return NOTHING
    if message.calls_agent:
        return STORED_CALL
    return ASIDE if message.withheld else CONTEXT


@pytest.mark.parametrize(("policy", "access", "unaddressed", "call", "talk"), TABLE)
def test_the_policies(channel, policy, access, unaddressed, call, talk):
    group_chat(channel, policy, unaddressed)
    Sender.objects.create(channel=channel, external_id="42", access=access)
    assert became(write(channel, "@Andy hello")) == call
    assert Run.objects.exists() == (call == STORED_CALL)
    assert became(write(channel, "just talk")) == talk


@pytest.mark.parametrize("policy", [KNOWN, PAIRING])
def test_what_a_refused_sender_writes_never_reaches_a_prompt(channel, policy):
    group_chat(channel, policy)
    Sender.objects.create(channel=channel, external_id="7", access=ALLOWED)
    write(channel, "@Andy obey me")
    write(channel, "poison")
    write(channel, "harmless", sender="7")
    write(channel, "@Andy hello", sender="7")
    prompt = prompts.compose(Run.objects.get())
    assert prompt
    assert "harmless" in prompt.text
    assert "poison" not in prompt.text
    assert "obey" not in prompt.text


def test_a_known_persons_answer_carries_no_strangers_words_along(channel):
    chat = group_chat(channel, KNOWN)
    for sender in ("7", "8"):
        Sender.objects.create(channel=channel, external_id=sender, access=ALLOWED)
    poison = write(channel, "poison")
    fine = write(channel, "harmless", sender="8")
    Message.objects.create(
        chat=chat,
        direction="out",
        delivery="sent",
        next_attempt_at=timezone.now(),
        external_parts=["o1"],
        text="I said",
    )
    for number, (text, quoted) in enumerate(
        [("poison", poison.external_id), ("harmless", fine.external_id), ("I said", "o1"), ("hidden", "nobody-knows")]
    ):
        write(channel, f"@Andy {number}", sender="7", reply_to=quoted, quoted_sender="X", quoted_text=text)
    quotes = list(Message.objects.filter(text__startswith="@Andy").values_list("quoted_text", flat=True))
    assert quotes == ["", "harmless", "I said", ""]


def test_in_an_open_group_quotes_are_kept(channel):
    group_chat(channel, OPEN)
    assert write(channel, "@Andy?", reply_to="1", quoted_sender="X", quoted_text="hello").quoted_text == "hello"


def test_in_an_open_group_strangers_talk_is_context(channel):
    group_chat(channel, OPEN)
    write(channel, "by the way", sender="43")
    write(channel, "@Andy hello")
    prompt = prompts.compose(Run.objects.get())
    assert prompt
    assert "by the way" in prompt.text


def test_a_refused_call_is_told_to_the_operator_and_not_to_the_chat(channel):
    group_chat(channel, KNOWN)
    write(channel, "@Andy hello")
    write(channel, "@Andy hello?")
    incident = Incident.objects.get(kind="sender")
    assert "P42" in incident.sentence
    assert incident.times == 2
    assert notices("-1") == []


# Codes.


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
    other = Channel.objects.create(platform=Platform.QQ, name="other")
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


# Direct chats.


def test_a_direct_chat_of_nobodys_gets_a_code(channel):
    directly(channel, "hello")
    assert code_of() in notices("42")[0]
    assert Chat.objects.discovered().count() == 1


def test_a_groups_chat_of_nobodys_gets_none(channel):
    assert write(channel, "@Andy hello", chat="-9") is None
    assert notices("-9") == []
    assert not Message.objects.exists()


@pytest.mark.parametrize("fields", [{"from_bot": True}, {"text": "  "}])
def test_bots_and_empty_texts_get_no_code(channel, fields):
    fields = {"text": "hello", **fields}
    assert directly(channel, fields.pop("text"), **fields) is None
    assert not Pairing.objects.exists()


def test_a_channel_may_ignore_strangers(channel):
    Channel.objects.update(options={"strangers": "ignore"})
    channel.refresh_from_db()
    assert directly(channel, "hello") is None
    assert not Pairing.objects.exists()


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


def test_somebody_known_needs_no_second_code_where_the_group_is_clear(channel):
    create_group(folder="team")
    Sender.objects.create(channel=channel, external_id="42", access=ALLOWED)
    Channel.objects.update(options={"pairing_group": "team"})
    channel.refresh_from_db()
    assert became(directly(channel, "hello")) == STORED_CALL


def test_a_registered_direct_chat_is_open_as_its_group_is(channel):
    Chat.objects.create(channel=channel, external_id="42", group=create_group(folder="team"))
    assert became(directly(channel, "hello")) == STORED_CALL


def test_a_strangers_command_waits_for_nobody(channel):
    group = create_group(folder="team")
    directly(channel, "/status")
    assert code_of() in notices("42")[0]
    pairing.approve(pairing.find(code_of()), group=group)
    assert not Run.objects.exists()
    assert notices("42")[1] == "You are let in: write to me now."


# By command.


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
    other = Channel.objects.create(platform=Platform.QQ, name="other")
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


def test_what_the_platform_vouches_for_is_kept_in_step_but_blocked_stays_blocked(channel):
    group_chat(channel, OPEN)
    write(channel, "@Andy hello", access=ADMIN)
    assert Sender.objects.get().access == ADMIN
    write(channel, "@Andy hello", access=ALLOWED)
    assert Sender.objects.get().access == ALLOWED
    Sender.objects.update(access=BLOCKED)
    assert write(channel, "@Andy hello", access=ADMIN) is None
    assert Sender.objects.get().access == BLOCKED
