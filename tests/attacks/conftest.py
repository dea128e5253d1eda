"""An agent that was talked into it: the stub plays the model, everything else is real, the container too."""

import shutil
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from apps.agents.runs.execution import execute
from apps.chats.models import Channel, Chat, Group
from apps.chats.services import create_group
from apps.chats.workspace.folders import create_workspace, workspace
from tests.agents.conftest import (  # noqa: F401 - fixtures
    _fresh_choices,
    api,
    chat,
    claude,
    group,
    own_address,
    replies,
    runner,
    say,
    sealed,
    transactional_db,
)
from tests.agents.support import results_in
from tests.attacks.support import Inside
from tests.fakes.messages_api import Text, ToolUse


@pytest.fixture(autouse=True)
def _empty_folders(settings: Settings) -> Iterator[None]:
    """What one attack leaves behind is not there for the next."""

    def empty() -> None:
        for place in (settings.GROUPS_DIR, settings.SESSIONS_DIR):
            for folder in ("team", "office"):
                shutil.rmtree(place / folder, ignore_errors=True)

    empty()
    yield
    empty()


@pytest.fixture
def office(transactional_db: None) -> Chat:  # noqa: F811
    """Another group's chat on Telegram; its folder holds a secret."""
    other = create_group(folder="office", name="The office")
    create_workspace(other)
    (workspace(other) / "CLAUDE.md").write_text("The safe opens with 4711.")
    telegram = Channel.objects.create(platform="telegram", name="bot")
    return Chat.objects.create(channel=telegram, external_id="-9", title="The office", group=other)


@pytest.fixture
def inside(group: Group, say, sealed) -> Inside:  # noqa: F811
    """Runs a Python program as the agent's Bash tool does; what it printed. Further tool uses come before it.

    `error` is what the run says when it has ended with the attack; None: it may end in either way.
    """

    def attack(program: str, *before: ToolUse, error: str | None = "") -> str:
        create_workspace(group)
        (workspace(group) / "attack.py").write_text(program)
        sealed.script(*before, ToolUse("Bash", {"command": "python3 attack.py 2>&1"}), Text("Done."))
        run = say("go")
        execute(run.pk)
        run.refresh_from_db()
        if error is not None:
            assert error in run.error if error else run.error == ""
        # Another group may be answered meanwhile: the last turn of all need not be the attacker's.
        mine = [turn for turn in sealed.turns if "attack.py" in str(turn.body["messages"])]
        return "" if run.error else results_in(mine[-1])[-1]

    return attack
