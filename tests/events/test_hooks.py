"""Receivers hear what is fired, and one that fails stops neither the others nor whoever fires."""

import logging

import pytest

from apps.events.hooks import Filter, Hook


@pytest.fixture
def hook():
    return Hook("something_happened")


def test_receivers_are_called_in_the_order_in_which_they_were_attached(hook):
    heard = []
    hook.attach(lambda text: heard.append(("first", text)))
    hook.attach(lambda text: heard.append(("second", text)))
    hook.fire(text="hello")
    assert heard == [("first", "hello"), ("second", "hello")]


def test_a_receiver_that_is_attached_twice_is_called_once(hook):
    heard = []

    @hook.attach
    def receiver(text):
        heard.append(text)

    hook.attach(receiver)
    hook.fire(text="hello")
    assert heard == ["hello"]


def test_a_receiver_that_fails_is_logged_and_the_next_one_is_called(hook, caplog):
    heard = []

    @hook.attach
    def broken(text):
        raise ValueError(text)

    hook.attach(lambda text: heard.append(text.upper()))
    with caplog.at_level(logging.ERROR):
        hook.fire(text="hello")
    assert heard == ["HELLO"]
    assert "broken failed at the hook something_happened" in caplog.text


def test_the_first_refusal_counts():
    arriving = Filter("arriving")
    arriving.attach(lambda text: "")
    arriving.attach(lambda text: "No links here." if "http" in text else "")
    arriving.attach(lambda text: "Never asked after a refusal." if "http" in text else "")
    assert arriving.refusal(text="see http://example.org") == "No links here."
    assert arriving.refusal(text="hello") == ""


def test_a_filter_that_fails_refuses_nothing(caplog):
    arriving = Filter("arriving")
    arriving.attach(lambda text: 1 / 0)
    assert arriving.refusal(text="hello") == ""
    assert "ZeroDivisionError" in caplog.text
