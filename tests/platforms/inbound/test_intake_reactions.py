"""What people think of a message, said with an emoji: stored for the agent to read, never a call."""

import json
import time
from typing import Any

import pytest

from apps.agents import services
from apps.agents.models import Run
from apps.agents.turns import prompts
from apps.chats.models import Message
from apps.platforms.adapters.telegram.payloads import Me, event, update_from
from tests.platforms.fuzz import mutations, survived
from tests.platforms.support import send, telegram_channel
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

ME = Me(1, "my_bot")
ANN = {"id": 42, "is_bot": False, "first_name": "Ann"}


def reaction(old: str = "", new: str = "👎", **fields: Any) -> dict[str, Any]:
    given = {
        "chat": {"id": -1001, "type": "supergroup", "title": "Team"},
        "message_id": 101,
        "user": ANN,
        "date": int(time.time()),
        "old_reaction": [{"type": "emoji", "emoji": emoji} for emoji in old],
        "new_reaction": [{"type": "emoji", "emoji": emoji} for emoji in new],
    }
    return {"message_reaction": given | fields}


def read(update: Any) -> Any:
    return event(update_from(json.dumps(update).encode()), ME)


def test_telegram_is_asked_for_reactions(api, listeners):
    telegram_channel(api, options={"api_base": api.url, "mode": "webhook"})
    listeners.start()
    assert api.wait_for(lambda: bool(api.calls_of("setWebhook")))
    assert "message_reaction" in json.loads(api.calls_of("setWebhook")[0].parameters["allowed_updates"])


def test_a_reaction_is_stored_and_calls_nobody(api, listeners, chat):
    chat.group.engage = "always"
    chat.group.save()
    listeners.start()
    api.push(reaction())

    message = until(lambda: Message.objects.inbound().first())

    assert (message.text, message.reply_to, message.sender_name) == ("[reacted with 👎]", "101", "Ann")
    assert not message.calls_agent
    assert not Run.objects.exists()


def test_it_brings_the_words_it_is_about_and_stands_in_their_thread(api, listeners, chat):
    asked = send(chat, "Shall I book it?", thread_id="7")
    listeners.start()
    until(lambda: Message.objects.get(pk=asked.pk).external_parts)
    sent_id = Message.objects.get(pk=asked.pk).external_parts[0]
    api.push(reaction(new="👍", message_id=int(sent_id)))

    about = until(lambda: Message.objects.inbound().first())

    assert (about.quoted_text, about.quoted_sender, about.thread_id) == ("Shall I book it?", "Andy", "7")


def test_the_agent_reads_it_with_the_next_message(api, listeners, chat):
    listeners.start()
    api.push(reaction())
    api.say("@Andy what did they think?", chat_id=-1001)
    until(lambda: Message.objects.inbound().count() == 2)

    prompt = prompts.compose(services.request_run(chat.group, chat=chat, cause=Run.Cause.MESSAGE))

    assert prompt
    assert "[reacted with 👎]" in prompt.text


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [("", "👍", "[reacted with 👍]"), ("👍", "👎", "[reacted with 👎]"), ("👍", "", "[took back the reaction 👍]")],
)
def test_what_changed_is_said(old, new, words):
    [message] = read({"update_id": 1, **reaction(old, new)})
    assert message.text == words


def test_an_anonymous_admin_reacts_in_the_groups_name():
    anonymous = reaction(user=None, actor_chat={"id": -1001, "type": "supergroup", "title": "Team"})
    [message] = read({"update_id": 1, **anonymous})
    assert (message.sender_id, message.sender_name) == ("-1001", "Team")


def test_a_reaction_that_did_not_change_is_no_news():
    assert read({"update_id": 1, **reaction("👍", "👍")}) is None


def test_hostile_reactions_break_nothing():
    assert survived(read, mutations({"update_id": 1, **reaction()})) > 0
