"""An emoji under a message of the chat."""

from apps.agents.toolkit import registry
from apps.chats.models import Message
from tests.agents.support import outbox, refused


def test_a_reaction_waits_in_the_outbox_under_the_message_that_called(run, asked):
    assert registry.call(run, "react", {"emoji": "👍"}) == "Done."
    assert registry.call(run, "react", {"emoji": "👍", "message": "55"}) == "It stands there already."
    reaction = outbox().get()
    assert (reaction.kind, reaction.text, reaction.reply_to) == (Message.Kind.REACTION, "👍", "55")


def test_a_message_of_another_chat_cannot_be_reacted_to(run, foreign):
    Message.objects.create(chat=foreign, direction="in", external_id="99", text="secret")
    assert "no such message" in refused(run, "react", emoji="👍", message="99")
    assert not outbox().exists()


def test_where_there_are_no_reactions_the_agent_hears_so_at_once(run, group):
    assert "no reactions" in refused(run, "react", emoji="👍", chat=f"web:{group.folder}")
