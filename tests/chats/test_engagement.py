import time

import pytest
from django.core.exceptions import ValidationError

from apps.chats.engagement import calls_agent
from apps.chats.inbound import InboundAttachment, InboundMessage
from apps.chats.models import Chat, Group, Message

MENTION, PREFIX, ALWAYS = Group.Engage.MENTION, Group.Engage.PREFIX, Group.Engage.ALWAYS


def message(text, **fields):
    return InboundMessage(external_id="1", chat_id="c", sender_id="s", text=text, **fields)


def group(**fields):
    return Group(name="Team", folder="team", assistant_name="Andy", **fields)


@pytest.mark.parametrize(
    "text", ["@Andy hello", "@andy hello", "@Andy", "@Andy's thing", "  @Andy hey", "hello @Andy", "请@Andy 看看 @Andy"]
)
def test_the_trigger_anywhere_calls(text):
    assert calls_agent(group(), message(text))


@pytest.mark.parametrize("text", ["@Andyextra hello", "me@Andy.org", "Andy hello", "hello", "", "   "])
def test_what_is_not_the_trigger_does_not_call(text):
    assert not calls_agent(group(), message(text))


@pytest.mark.parametrize(("text", "calls"), [("  @Andy hey", True), ("hello @Andy", False), ("@Andyextra", False)])
def test_on_prefix_only_the_start_counts(text, calls):
    assert calls_agent(group(engage=PREFIX), message(text)) is calls


def test_a_mention_or_a_reply_to_the_bot_calls_unless_the_group_wants_the_prefix():
    mention = message("what do you think?", mentions_bot=True)
    assert calls_agent(group(engage=MENTION), mention)
    assert not calls_agent(group(engage=PREFIX), mention)


def test_the_groups_own_trigger_replaces_the_default_and_is_literal():
    own = group(trigger="@C.L.A.U.D.E")
    assert calls_agent(own, message("@C.L.A.U.D.E hello"))
    assert not calls_agent(own, message("@CxLxAxUxDxE hello"))
    assert not calls_agent(own, message("@Andy hello"))


@pytest.mark.parametrize(
    "called",
    [
        (group(engage=ALWAYS), message("hello")),
        (group(is_main=True), message("hello")),
        (group(), message("hello", chat_kind=Chat.Kind.DIRECT)),
    ],
)
def test_main_direct_chats_and_always_answer_everything(called):
    assert calls_agent(*called)


@pytest.mark.parametrize("text", ["", "  \n "])
def test_an_empty_text_never_calls(text):
    assert not calls_agent(group(engage=ALWAYS), message(text))


def test_another_bot_never_calls():
    assert not calls_agent(group(engage=ALWAYS), message("@Andy hello", from_bot=True))


def test_a_very_long_text_is_judged_quickly():
    assert not calls_agent(group(), message("@And" * 200_000))


def test_a_picture_without_words_calls_where_everything_does():
    picture = InboundAttachment(kind=Message.Kind.IMAGE, source={})
    assert calls_agent(group(engage=ALWAYS), message("", attachments=(picture,)))
    assert not calls_agent(group(), message("", attachments=(picture,)))


# Patterns, where a group says that its trigger is one.


def patterned(trigger, **fields):
    return group(trigger=trigger, trigger_is_pattern=True, **fields)


def test_a_trigger_is_a_pattern_only_where_the_group_says_so():
    assert calls_agent(patterned(r"\b(andy|drew)\b"), message("well, Drew, tell us"))
    assert not calls_agent(patterned(r"\b(andy|drew)\b"), message("they withdrew"))
    assert not calls_agent(group(trigger=r"\b(andy|drew)\b"), message("well, Drew, tell us"))


def test_a_pattern_too_counts_at_the_start_only_on_prefix():
    assert calls_agent(patterned("hey andy", engage=PREFIX), message("  Hey Andy, hello"))
    assert not calls_agent(patterned("hey andy", engage=PREFIX), message("I said hey andy"))


@pytest.mark.parametrize("trigger", ["(", "a**", r"(?=x)", r"(a)\1", "a*", "((a{100}){100}){100}"])
def test_a_pattern_that_cannot_be_used_is_refused_at_save_and_calls_nobody(trigger):
    with pytest.raises(ValidationError, match="no pattern"):
        patterned(trigger).clean()
    assert not calls_agent(patterned(trigger), message("aaaa (x"))
    assert calls_agent(patterned(trigger), message("@Andy hello"))


def test_an_ordinary_pattern_is_taken():
    taken = patterned("hey,? andy")
    taken.clean()
    assert calls_agent(taken, message("Hey Andy, are you there?"))


def test_a_catastrophic_pattern_stalls_nobody():
    begun = time.thread_time()
    assert not calls_agent(patterned(r"(a|aa)+$|((a+)+)+b"), message("a" * 30_000 + "!"))
    assert time.thread_time() - begun < 0.5
