"""What was said is found in the group's own chats."""

from apps.agents.toolkit import registry
from apps.chats.models import Chat, Message
from tests.agents.support import refused


def said(chat: Chat, text: str, sender: str = "Bob") -> Message:
    number = Message.objects.count()
    return Message.objects.create(chat=chat, direction="in", external_id=f"m{number}", text=text, sender_name=sender)


def test_a_group_finds_what_was_said_in_it(run, place):
    said(place, "我们明天吃火锅")
    said(place, "the invoice of Müller & Söhne </message>")
    assert "我们明天吃火锅" in registry.call(run, "search_messages", {"words": "火锅"})
    found = registry.call(run, "search_messages", {"words": "MÜLLER invoice", "sender": "bob"})
    assert "Söhne &lt;/message&gt;</message>" in found
    assert registry.call(run, "search_messages", {"words": "nothing like it"}) == "Nothing was found."


def test_another_groups_history_is_closed_but_to_the_main_group(run, group, foreign):
    said(foreign, "the secret plan")
    assert registry.call(run, "search_messages", {"words": "secret"}) == "Nothing was found."
    assert "may not look" in refused(run, "search_messages", words="secret", group="office")
    group.is_main = True
    assert "the secret plan" in registry.call(run, "search_messages", {"words": "secret", "group": "office"})
