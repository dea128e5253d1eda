"""Which tools the real command line offers, as its request to the model says; a new SDK may bring new ones."""

import re

import pytest

from apps.agents.toolkit.sdk_tools import NEEDS_NETWORK, USELESS, disallowed
from apps.chats.models import Group
from tests.fakes.messages_api import MessagesApi
from tests.runner.host import Host

USEFUL = {"Agent", "Bash", "Edit", "Read", "Skill", "ToolSearch", "Write", "NotebookEdit", "WebSearch"}
PLACEHOLDER = "DeferredToolPlaceholder"  # of the command line's own; it says of itself that nobody calls it


def offered(host: Host, api: MessagesApi, names: list[str]) -> set[str]:
    """At once, and on demand: those are named in a message of the system."""
    host.start(builtin_tools="all", cwd="/workspace/group", options={"disallowed_tools": names})
    host.turn("hello")
    body = api.turns[-1].body
    listed = re.search(r"load tool schemas before calling them:\\n([\w\\]+?)\\n\\n", str([body["messages"]]))
    on_demand = listed[1].split("\\n") if listed else []
    return {*api.turns[-1].tools, *on_demand} - {PLACEHOLDER, "mcp__ngb__send_message"}


@pytest.mark.docker
@pytest.mark.parametrize("network", ["sealed", "open"])
def test_only_what_can_work_in_the_container_is_offered(sealed: Host, api: MessagesApi, network: str) -> None:
    expected = USEFUL if network == "sealed" else {*USEFUL, *NEEDS_NETWORK}
    assert offered(sealed, api, disallowed(Group(network=network))) == expected


@pytest.mark.docker
def test_without_our_list_useless_ones_would_be_offered(sealed: Host, api: MessagesApi) -> None:
    assert offered(sealed, api, []) - USEFUL - {*NEEDS_NETWORK} <= {*USELESS}
    assert {"Workflow", "ScheduleWakeup", "EnterWorktree"} <= offered(sealed, api, [])
