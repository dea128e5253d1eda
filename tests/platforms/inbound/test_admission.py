"""Who may call: the policies, through the real intake."""

import pytest
from django.utils import timezone

from apps.agents.models import Run
from apps.agents.turns import prompts
from apps.chats.models import Channel, Chat, Incident, Message, Pairing, Sender
from apps.chats.services import create_group
from tests.chats.support import (
    ADMIN,
    ALLOWED,
    ASIDE,
    BLOCKED,
    CONTEXT,
    DROP,
    KNOWN,
    NOTHING,
    OPEN,
    PAIRING,
    REMEMBER,
    STORED_CALL,
    UNKNOWN,
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


def test_somebody_known_needs_no_second_code_where_the_group_is_clear(channel):
    create_group(folder="team")
    Sender.objects.create(channel=channel, external_id="42", access=ALLOWED)
    Channel.objects.update(options={"pairing_group": "team"})
    channel.refresh_from_db()
    assert became(directly(channel, "hello")) == STORED_CALL


def test_a_registered_direct_chat_is_open_as_its_group_is(channel):
    Chat.objects.create(channel=channel, external_id="42", group=create_group(folder="team"))
    assert became(directly(channel, "hello")) == STORED_CALL


def test_what_the_platform_vouches_for_is_kept_in_step_but_blocked_stays_blocked(channel):
    group_chat(channel, OPEN)
    write(channel, "@Andy hello", access=ADMIN)
    assert Sender.objects.get().access == ADMIN
    write(channel, "@Andy hello", access=ALLOWED)
    assert Sender.objects.get().access == ALLOWED
    Sender.objects.update(access=BLOCKED)
    assert write(channel, "@Andy hello", access=ADMIN) is None
    assert Sender.objects.get().access == BLOCKED
