"""Reactions that come in."""

import pytest

from apps.platforms.adapters.whatsapp.payloads import events
from apps.platforms.base import Batch
from tests.fakes.whatsapp_api import PHONE_ID, message, notification, value

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_redis")]


@pytest.mark.parametrize(("emoji", "words"), [("👍", "[reacted with 👍]"), ("", "[took back a reaction]")])
def test_a_reaction_is_read_later_and_calls_nobody(emoji, words):
    given = message(type="reaction", reaction={"message_id": "wamid.OUT1", "emoji": emoji})
    [batch] = events(notification(value(given)).encode(), PHONE_ID)
    assert isinstance(batch, Batch)
    [reaction] = batch
    assert (reaction.text, reaction.reply_to, reaction.is_reaction) == (words, "wamid.OUT1", True)
    assert "message_id" not in reaction.context
