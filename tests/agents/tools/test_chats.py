"""Which chats an agent is shown."""

from apps.agents.toolkit import registry
from apps.chats.models import Chat
from tests.agents.support import refused


def test_a_group_sees_its_own_chats_and_where_it_was_called(run, foreign):
    listed = registry.call(run, "list_chats", {}).splitlines()
    assert "telegram:-1001: “The team's room”, group, group team; you were called here" in listed
    assert not [line for line in listed if "office" in line]
    assert "may not look" in refused(run, "list_chats", group="office")


def test_the_main_group_sees_all_chats_and_those_that_wait(main, foreign, telegram):
    Chat.objects.create(channel=telegram, external_id="-3", title="New\n- fake: line")
    listed = registry.call(main, "list_chats", {}).splitlines()
    assert [line for line in listed if line.startswith("telegram:-2002: ") and "group office" in line]
    assert "telegram:-3: “New - fake: line”, group, not registered" in listed
    assert "telegram:-1001" not in registry.call(main, "list_chats", {"group": "office"})
