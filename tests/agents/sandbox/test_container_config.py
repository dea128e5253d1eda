"""What `docker inspect` of a live agent shows, and what it does not."""

import json
import re
import shutil
from pathlib import Path

import pytest
from django.conf import settings

from apps.agents.models import Session
from apps.agents.runs.execution import execute
from apps.agents.sandbox.container_config import agent_ids, container_name
from apps.agents.sandbox.engine import engine
from apps.chats.workspace.folders import session_directory
from tests.agents.support import written
from tests.fakes.messages_api import ToolUse
from tests.waiting import until


@pytest.mark.docker
def test_a_live_agent_is_sealed(inspected):
    host, config = inspected["HostConfig"], inspected["Config"]

    assert (config["OpenStdin"], config["StdinOnce"], config["Tty"]) == (True, False, False)
    assert config["User"].split(":")[0] not in ("", "0", "root")
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["NetworkMode"] == "none"
    assert host["Memory"] == host["MemorySwap"] == 1024**3
    assert (host["NanoCpus"], host["PidsLimit"], host["Init"]) == (10**9, 256, False)
    assert host["Tmpfs"] == {"/tmp": "rw,nosuid,nodev,size=256m,mode=1777"}
    quota = 2048 * 1024**2
    assert {limit["Name"]: limit["Hard"] for limit in host["Ulimits"]} == {"core": 0, "nofile": 4096, "fsize": quota}
    assert host["LogConfig"]["Type"] == "none"
    assert host["RestartPolicy"]["Name"] in ("", "no")
    assert host["Privileged"] is False


@pytest.mark.docker
def test_our_labels_are_on_it(inspected):
    labels = inspected["Config"]["Labels"]

    assert labels["ngb.install"] == settings.INSTALL_ID
    assert labels["ngb.group"] == "team"
    assert labels["ngb.session"] == str(Session.objects.get().pk)


@pytest.mark.docker
def test_no_secret_is_anywhere_in_its_configuration(inspected):
    said = json.dumps(inspected)

    assert "sk-ant-test-key-of-the-host" not in said
    assert settings.SECRET_KEY not in said


@pytest.mark.docker
def test_only_the_groups_own_folders_are_mounted(inspected):
    mounts = {mount["Destination"]: (Path(mount["Source"]).name, mount["RW"]) for mount in inspected["Mounts"]}

    assert mounts == {
        "/workspace/group": ("team", True),
        "/workspace/global": ("global", False),
        "/home/agent/.claude": ("team", True),
        "/workspace/skills": ("skills", False),
    }


@pytest.mark.docker
def test_the_main_group_may_write_the_memory_that_all_share(group, say, sealed):
    group.is_main = True
    group.save()
    run = say("hello")
    execute(run.pk)

    mounts = engine().inspect_container(container_name(run.session))["Mounts"]
    assert {mount["Destination"]: mount["RW"] for mount in mounts}["/workspace/global"] is True


LOOK_AROUND = """
echo "uid=$(id -u)"; echo "interfaces=$(ls /sys/class/net | tr '\\n' ' ')"
env; tr '\\0' '\\n' </proc/1/environ; grep -E 'CapEff|CapBnd|NoNewPrivs|Seccomp:' /proc/self/status
(echo >/dev/tcp/192.0.2.1/80) 2>&1; touch /etc/x 2>&1; mount -t tmpfs none /mnt 2>&1; true
"""


@pytest.mark.docker
def test_inside_there_is_no_key_no_network_and_no_root(say, sealed):
    sealed.script(ToolUse("Bash", {"command": LOOK_AROUND}))
    run = say("look around")

    execute(run.pk)

    said = run.steps.get(kind="tool_result").detail
    assert "uid=0" not in said
    assert "uid=" in said
    assert "interfaces=lo \n" in said
    assert "Network is unreachable" in said
    assert "Read-only file system" in said
    assert "must be superuser to use mount" in said
    found = dict(re.findall(r"(\w+):\t(\w+)", said))
    assert found == {"CapBnd": "0" * 16, "CapEff": "0" * 16, "NoNewPrivs": "1", "Seccomp": "2"}  # 2: a filter
    assert "sk-ant-test-key-of-the-host" not in said


@pytest.mark.docker
def test_a_home_that_was_begun_without_walls_is_the_sealed_agent_s_to_write(say, sealed, group):
    left = session_directory(group) / "projects"
    shutil.rmtree(left, ignore_errors=True)
    left.mkdir(mode=0o755, parents=True)  # by the service's own user, as its subprocess makes it

    execute(say("one").pk)

    remembered = Session.objects.get().sdk_session_id
    until(lambda: '"assistant"' in written(group, remembered))
    assert left.stat().st_uid == agent_ids()[0]
