"""Who may call: one function, without a database."""

import pytest

from apps.chats import access
from apps.chats.access import Verdict
from apps.chats.inbound import InboundMessage
from apps.chats.models import Channel, Chat, Group, Sender

OPEN, KNOWN, PAIRING = Group.SenderPolicy.OPEN, Group.SenderPolicy.KNOWN, Group.SenderPolicy.PAIRING


def message(text="@Andy hello", **fields):
    return InboundMessage(external_id="1", chat_id="42", sender_id="42", text=text, **fields)


def verdict(policy, sender, said, **fields):
    group = Group(folder="team", assistant_name="Andy", sender_policy=policy, **fields)
    return access.decide(group, Chat(group=group), sender, said)


@pytest.mark.parametrize(("policy", "expected"), [(KNOWN, Verdict.REFUSED), (PAIRING, Verdict.STRANGER)])
def test_a_strangers_call_is_refused_or_waits_for_a_code(policy, expected):
    assert verdict(policy, None, message()) is expected
    assert verdict(policy, Sender(access=Sender.Access.ALLOWED), message()) is Verdict.CALLS


def test_in_an_open_group_a_stranger_calls_and_a_blocked_sender_does_not():
    assert verdict(OPEN, None, message()) is Verdict.CALLS
    assert verdict(OPEN, Sender(access=Sender.Access.BLOCKED), message()) is Verdict.DROPPED


def test_a_strangers_talk_is_kept_from_the_agent_and_a_known_persons_is_not():
    known = Sender(access=Sender.Access.ALLOWED)
    assert verdict(KNOWN, None, message("by the way")) is Verdict.WITHHELD
    assert verdict(KNOWN, known, message("by the way")) is Verdict.CONTEXT
    dropping = Group.Unaddressed.DROP
    assert verdict(KNOWN, None, message("by the way"), unaddressed=dropping) is Verdict.DROPPED
    assert verdict(KNOWN, known, message("by the way"), unaddressed=dropping) is Verdict.DROPPED


@pytest.mark.parametrize(
    ("fields", "options", "expected"),
    [
        ({}, {}, Verdict.STRANGER),
        ({}, {"strangers": "ignore"}, Verdict.DROPPED),
        ({"chat_kind": Chat.Kind.GROUP}, {}, Verdict.DROPPED),
        ({"from_bot": True}, {}, Verdict.DROPPED),
        ({"is_reaction": True}, {}, Verdict.DROPPED),
        ({"text": " "}, {}, Verdict.DROPPED),
    ],
)
def test_in_a_chat_of_nobodys_only_a_persons_direct_words_may_ask(fields, options, expected):
    chat = Chat(channel=Channel(options=options))
    assert access.decide(None, chat, None, message(**{"chat_kind": Chat.Kind.DIRECT, **fields})) is expected


@pytest.mark.parametrize(
    ("given", "in_an_open_group", "in_a_closed_one", "in_nobodys_chat"),
    [
        ("unknown", True, False, False),
        ("allowed", True, True, True),
        ("admin", True, True, True),
        ("blocked", False, False, False),
    ],
)
def test_whose_call_counts_where(given, in_an_open_group, in_a_closed_one, in_nobodys_chat):
    sender, groups = Sender(access=given), (Group(sender_policy=OPEN), Group(sender_policy=KNOWN), None)
    counts = [access.may_call(group, sender) for group in groups]
    assert counts == [in_an_open_group, in_a_closed_one, in_nobodys_chat]
