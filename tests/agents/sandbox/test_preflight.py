"""Before a container's start it is said what is not mounted, and after it, whether the right folder was."""

import json
from pathlib import Path

import pytest

from apps.agents.sandbox import preflight
from apps.agents.sandbox.container_config import container_config, container_name
from apps.chats.models import Incident


def allow(file: Path, root: Path) -> None:
    root_said = {"path": str(root), "allowReadWrite": True}
    file.write_text(json.dumps({"allowedRoots": [root_said], "nonMainReadOnly": False}))


@pytest.mark.docker
def test_a_good_folder_is_mounted_and_a_bad_one_is_said(look, group, projects):
    group.mounts = [{"host": str(projects / "site"), "write": True}, {"host": "/etc"}]
    group.env = {"GREETING": "hi", "LD_PRELOAD": "/tmp/x.so"}

    said = look("cat /workspace/extra/site/hello; echo mine > /workspace/extra/site/new; ls /workspace/extra; env")

    assert "from the host" in said
    assert (projects / "site" / "new").read_text() == "mine\n"
    assert "GREETING=hi" in said
    assert "LD_PRELOAD" not in said
    assert "/etc is not mounted" in Incident.objects.get(kind="refused mount").sentence
    assert "LD_PRELOAD" in Incident.objects.get(kind="refused variable").sentence


@pytest.mark.docker
def test_a_corrected_allowlist_counts_at_the_next_turn(look, group, projects, settings):
    settings.MOUNT_ALLOWLIST.write_text("{")
    group.mounts = [{"host": str(projects / "site")}]
    assert "No such file" in look("ls /workspace/extra/site 2>&1")
    allow(settings.MOUNT_ALLOWLIST, projects)
    assert "hello" in look("ls /workspace/extra/site; touch /workspace/extra/site/x 2>&1 || true")
    assert not (projects / "site" / "x").exists()


@pytest.mark.docker
def test_a_folder_that_is_exchanged_meanwhile_is_noticed(look, say, group, projects):
    group.mounts = [{"host": str(projects / "site")}]
    look("true")
    session = group.sessions.get()
    config = container_config(session)
    preflight.verify(container_name(session), config)
    config["Labels"][preflight.MOUNTS_LABEL] = json.dumps(
        {"/workspace/extra/site": [str(projects / "site"), 1, 1, False]}
    )
    with pytest.raises(Exception, match="exchanged"):
        preflight.verify(container_name(session), config)
