import pytest

from apps.agents.models import Run
from apps.chats.models import Message
from apps.platforms.adapters.slack.payloads import Me
from apps.platforms.adapters.slack.reactions import reacted
from tests.platforms.fuzz import mutations, survived
from tests.platforms.support import status
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

ITEM = {"type": "message", "channel": "C1", "ts": "1700000000.000100"}
EVENT = {"type": "reaction_added", "user": "UANN", "reaction": "-1", "item": ITEM, "event_ts": "1700000001.000100"}


def test_a_reaction_is_read_later_and_calls_nobody(api, listeners, chat):
    chat.group.engage = "always"
    chat.group.save()
    listeners.start()
    until(lambda: status() == "online")
    api.push(EVENT)

    message = until(lambda: Message.objects.inbound().first())

    assert (message.text, message.reply_to, message.calls_agent) == ("[reacted with 👎]", ITEM["ts"], False)
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"reaction": "party-parrot"}, "[reacted with :party-parrot:]"),
        ({"type": "reaction_removed"}, "[took back the reaction 👎]"),
    ],
)
def test_what_was_done_is_said(given, words):
    message = reacted({"event": {**EVENT, **given}}, Me("UBOT"))
    assert message
    assert message.text == words


@pytest.mark.parametrize("given", [{"user": "UBOT"}, {"item": {"type": "file", "file": "F1"}}, {"type": "pin_added"}])
def test_our_own_and_other_things_are_none(given):
    assert reacted({"event": {**EVENT, **given}}, Me("UBOT")) is None


def test_hostile_reactions_break_nothing():
    assert survived(lambda payload: reacted(payload, Me("UBOT")), mutations({"event": EVENT})) > 0
