import pytest

from apps.chats.models import Message
from apps.chats.search import search
from apps.chats.services import create_group, send_message, web_chat


@pytest.fixture
def team(db, settings, tmp_path):
    settings.GROUPS_DIR, settings.SESSIONS_DIR = tmp_path / "groups", tmp_path / "sessions"
    return create_group(folder="team")


def said(group, text, **fields):
    number = str(Message.objects.count())
    return Message.objects.create(chat=web_chat(group), direction="in", external_id=number, text=text, **fields)


def texts(group, words, **how):
    return [message.text for message in search(group, words, **how)]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("invoice", ["the INVOICE of May"]),
        ("may invoice", ["the INVOICE of May"]),
        ('"invoice of"', ["the INVOICE of May"]),
        ('"of invoice"', []),
        ("火锅", ["我们明天吃火锅，好吗？"]),
        ("明天 好吗", ["我们明天吃火锅，好吗？"]),
        ("ÉCOLE", ["à l'école"]),
        ("100%", ["100% sure"]),
        ("10_%", []),
        ("''; DROP", []),
        ("   ", []),
    ],
)
def test_every_word_must_occur_in_any_language_and_case(team, words, found):
    for text in ("the INVOICE of May", "我们明天吃火锅，好吗？", "à l'école", "100% sure", "10 % less"):
        said(team, text)
    assert texts(team, words) == found


def test_the_newest_come_first_and_the_older_ones_on_demand(team):
    numbers = [said(team, f"plan {number}") for number in range(5)]
    assert texts(team, "plan", limit=2) == ["plan 4", "plan 3"]
    assert texts(team, "plan", limit=2, before=numbers[3].pk) == ["plan 2", "plan 1"]


def test_answers_are_found_too_and_a_sender_can_be_asked_for(team):
    said(team, "the plan", sender_name="Ann")
    send_message(web_chat(team), text="the plan is good", sender_name="Andy")
    assert texts(team, "plan") == ["the plan is good", "the plan"]
    assert texts(team, "", sender="ann") == ["the plan"]


def test_other_groups_reactions_and_what_is_withheld_are_not_found(team):
    said(create_group(folder="office"), "plan")
    said(team, "plan", withheld=True)
    send_message(web_chat(team), text="plan", kind=Message.Kind.REACTION)
    assert texts(team, "plan") == []
