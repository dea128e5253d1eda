"""Commands are found by their names, and shown to those who may use them."""

from collections.abc import Iterator

import pytest

from apps.agents.commands import registry
from apps.agents.commands.registry import Call, CommandRefusedError, command
from apps.chats.models import Chat, Message, Sender


@pytest.fixture
def open_door() -> Iterator[None]:
    """A command of another app, for admins."""

    @command("opendoor", "opens the door", usage="[which]", admins_only=True)
    def answer(call: Call) -> str:
        return f"Open: {call.argument}."

    yield
    del registry._commands["opendoor"]


@pytest.fixture
def call(place: Chat) -> Call:
    ann = Sender.objects.create(channel=place.channel, external_id="42", name="Ann")
    message = Message.objects.create(chat=place, direction="in", external_id="1", text="/opendoor front", sender=ann)
    return Call(message, ann, "front")


def test_a_command_is_found_in_any_case_and_answers(open_door, call):
    found = registry.named("OpenDoor")
    assert found
    assert (found.line, found.answer(call)) == ("/opendoor [which]: opens the door", "Open: front.")
    assert registry.named("open") is None


def test_what_is_for_admins_is_shown_to_admins_only(open_door, call):
    assert "opendoor" not in [each.name for each in registry.offered_to(call)]
    call.sender.access = Sender.Access.ADMIN
    assert {"opendoor", "help"} <= {each.name for each in registry.offered_to(call)}


def test_what_a_platform_may_show_everybody_is_sorted_and_holds_nothing_for_admins(open_door):
    names = [each.name for each in registry.for_everybody()]
    assert names == sorted(names)
    assert "help" in names
    assert not {"opendoor", "pair"} & set(names)


def test_a_chat_without_a_group_says_so(call, group):
    assert call.group == group
    call.message.chat.group = None
    with pytest.raises(CommandRefusedError, match="belongs to no group yet"):
        _ = call.group
