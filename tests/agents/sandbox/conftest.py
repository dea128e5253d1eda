"""Groups whose agents are in containers, and folders of the host that they are given."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from apps.agents.runs.execution import execute
from apps.agents.sandbox.container_config import container_name
from apps.agents.sandbox.engine import engine
from apps.chats.models import Group
from tests.agents.sandbox.support import allow, roots
from tests.agents.support import Say
from tests.fakes.messages_api import MessagesApi, ToolUse


@pytest.fixture
def look(say: Say, sealed: MessagesApi, group: Group) -> Callable[[str], str]:
    """What the agent's shell prints."""

    def in_shell(command: str) -> str:
        group.save()
        sealed.script(ToolUse("Bash", {"command": f"{command}\ntrue"}))
        run = say("look")
        run.session.group.refresh_from_db()
        execute(run.pk)
        run.refresh_from_db()
        assert run.error == ""
        detail: str = run.steps.get(kind="tool_result").detail
        return detail

    return in_shell


@pytest.fixture
def projects(tmp_path: Path, settings: Settings) -> Path:
    """A folder of the host that its operator opens, with a site in it."""
    (tmp_path / "projects" / "site").mkdir(parents=True)
    (tmp_path / "projects" / "site" / "hello").write_text("from the host")
    for folder in (tmp_path, tmp_path / "projects", tmp_path / "projects" / "site"):
        folder.chmod(0o777)  # the agent's user is another one than the tests'
    tmp_path.parent.chmod(0o755)
    tmp_path.parent.parent.chmod(0o755)
    settings.MOUNT_ALLOWLIST = tmp_path / "config" / "allow.json"
    settings.MOUNT_ALLOWLIST.parent.mkdir()
    root: dict[str, object] = {"path": str(tmp_path / "projects"), "allowReadWrite": True}
    allow(settings.MOUNT_ALLOWLIST, [root], nonMainReadOnly=False)
    return tmp_path / "projects"


@pytest.fixture
def inspected(say: Say, sealed: MessagesApi) -> dict[str, Any]:
    """What the engine says of a live agent's container."""
    run = say("hello")
    execute(run.pk)
    run.refresh_from_db()
    assert run.error == ""
    return dict(engine().inspect_container(container_name(run.session)))


@pytest.fixture
def home(tmp_path: Path, settings: Settings) -> Path:
    """A person's folders, and an allowlist that opens `projects` for writing and `media` for reading."""
    for folder in (
        "projects/site", "projects/my.environment", "projects/credentials-docs", "projects/.SSH/keys", "projects/.aws",
        "projects/a/id_rsa", "projects/credentials", "projects/.env", "projects/.env.d", "projects/vault",
        "projects/no:colon", "media/films", "elsewhere/site", "config",
    ):  # fmt: skip
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "projects" / "out").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "projects" / "in").symlink_to(tmp_path / "projects" / "site")
    (tmp_path / "projects" / "harmless").symlink_to(tmp_path / "projects" / ".SSH" / "keys")
    (tmp_path / "projects" / "circle").symlink_to(tmp_path / "projects" / "circle")
    (tmp_path / "projects" / "file").touch()
    settings.MOUNT_ALLOWLIST = tmp_path / "config" / "mount-allowlist.json"
    allow(settings.MOUNT_ALLOWLIST, roots(tmp_path), blockedPatterns=["vault"], nonMainReadOnly=False)
    return tmp_path
