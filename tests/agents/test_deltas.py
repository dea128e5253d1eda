import pytest

from apps.agents.deltas import MOST, Stream, VisibleText

SAID = "Hello <internal>my secret < plan</INTERNAL> world <b> and <intern no tag <Internal>never closed"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 200])
def test_what_is_internal_never_shows_wherever_it_is_cut(size):
    visible = VisibleText()

    shown = "".join(visible.feed(SAID[at : at + size]) for at in range(0, len(SAID), size))

    assert shown == "Hello  world <b> and <intern no tag "


def test_what_is_no_tag_is_shown_in_the_end():
    visible = VisibleText()

    assert visible.feed("a <int") == "a "
    assert visible.feed("eger>") == "<integer>"


def test_pieces_keep_their_places():
    stream = Stream(topic="chat.1")

    stream.feed("\n  Grüße 👋")
    first = stream.untold(whole=False)
    stream.feed(" an alle")

    assert first == (0, "Grüße 👋")
    assert stream.untold(whole=False) == (7, " an alle")
    assert stream.untold(whole=True) is None


def test_the_whole_text_comes_again_for_those_who_missed_some():
    stream = Stream(topic="chat.1")
    stream.feed("one ")
    stream.untold(whole=False)

    stream.feed("two")

    assert stream.untold(whole=True) == (0, "one two")


def test_after_another_step_a_paragraph_begins():
    stream = Stream(topic="chat.1")
    stream.feed("I look it up.")
    stream.pause = True

    stream.feed(" Found it.")

    assert stream.text == "I look it up.\n\nFound it."


def test_a_stream_is_bounded():
    stream = Stream(topic="chat.1")

    stream.feed("x" * (MOST + 50))

    assert len(stream.text) == MOST
