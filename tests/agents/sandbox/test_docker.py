"""Containers of groups with folders, variables and networks of their own; the agent inside looks around."""

import ipaddress
import json
from pathlib import Path

import pytest

from apps.agents.errors import AgentError
from apps.agents.models import Run, Session
from apps.agents.runs.execution import execute
from apps.agents.sandbox import container_summary, networks, preflight, private_networks, reaper
from apps.agents.sandbox.container_config import container_config, container_name
from apps.agents.sandbox.engine import engine
from apps.chats.models import Group, Incident
from tests.fakes.messages_api import ToolUse


@pytest.fixture
def look(say, sealed, group: Group):
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
def projects(tmp_path: Path, settings) -> Path:
    (tmp_path / "projects" / "site").mkdir(parents=True)
    (tmp_path / "projects" / "site" / "hello").write_text("from the host")
    for folder in (tmp_path, tmp_path / "projects", tmp_path / "projects" / "site"):
        folder.chmod(0o777)  # the agent's user is another one than the tests'
    tmp_path.parent.chmod(0o755)
    tmp_path.parent.parent.chmod(0o755)
    settings.MOUNT_ALLOWLIST = tmp_path / "config" / "allow.json"
    settings.MOUNT_ALLOWLIST.parent.mkdir()
    allow(settings.MOUNT_ALLOWLIST, tmp_path / "projects")
    return tmp_path / "projects"


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


LOOK_OUT = """
curl -sS --max-time 20 http://{host}:{port}/named; curl -sS --max-time 20 http://169.254.169.254/ 2>&1
curl -sS --max-time 20 https://pypi.org/ 2>&1; curl -sS --noproxy '*' --max-time 5 http://{host}:{port}/direct 2>&1
python3 -c 'import urllib.request as u; print(u.urlopen("http://{host}:{port}/python", timeout=20).read())'
git ls-remote http://{host}:{port}/repo 2>&1 | head -1; ls /sys/class/net; true
"""


@pytest.mark.docker
def test_named_hosts_are_reached_through_the_link_and_nothing_else_is(look, group, server, settings):
    host, port = server.server_address[:2]
    settings.EGRESS_ALLOW_PRIVATE = [ipaddress.ip_network(host)]
    group.network, group.allowed_domains = Group.Network.ALLOWLIST, [f"{host}:{port}"]

    said = look(LOOK_OUT.format(host=host, port=port))

    assert f"/named {host}:{port}" in said
    assert "/python" in said
    assert "169.254.169.254 port 80 is not on this group's list of hosts." in said
    assert "403" in said
    assert "/direct" not in said
    assert said.strip().splitlines()[-1] == "lo"
    assert Incident.objects.filter(kind="refused host").count() == 2
    assert "connections" in group.sessions.get().runs.get().steps.get(kind="network").detail


@pytest.mark.docker
def test_a_sealed_group_has_no_way_out(look, server):
    host, port = server.server_address[:2]
    said = look(f"env | grep -i _proxy; curl -sS --max-time 5 http://{host}:{port}/ 2>&1; true")
    assert "HTTP_PROXY" not in said
    assert "curl: (7)" in said


@pytest.mark.docker
def test_an_open_group_gets_a_bridge_of_its_own_which_goes_with_it(look, group, server, settings):
    host, port = server.server_address[:2]
    settings.EGRESS_ALLOW_PRIVATE = [ipaddress.ip_network(host)]
    group.network = Group.Network.OPEN
    assert "/open" in look(f"curl -sS --max-time 20 http://{host}:{port}/open")

    found = engine().inspect_network(networks.network_of(group))
    assert found["Options"]["com.docker.network.bridge.enable_icc"] == "false"
    assert networks.remove_unused(at_once=True) == 0
    reaper.remove_all()
    assert [one for one in engine().networks() if one["Name"] == networks.network_of(group)] == []


@pytest.mark.docker
def test_an_open_network_that_cannot_be_closed_to_private_hosts_serves_nobody(say, sealed, group, monkeypatch):
    Group.objects.filter(pk=group.pk).update(network="open")
    monkeypatch.setattr(private_networks, "PROGRAM", ["/bin/false"])
    run = say("look")
    execute(run.pk)
    run.refresh_from_db()
    assert run.status == Run.Status.FAILED
    assert "could not be closed to private hosts" in run.error
    assert sealed.turns == []
    assert reaper.containers_of_this_install() == []


@pytest.mark.docker
def test_what_the_engine_says_against_closing_a_network_is_told(sealed):
    labels = {private_networks.LABEL: "192.0.2.0/24", **dict.fromkeys(private_networks.OWNER, "nobody's")}
    with pytest.raises(AgentError, match="No such container: ngb-nobody"):
        private_networks.close("ngb-nobody", {"Labels": labels})


@pytest.mark.docker
def test_a_helper_that_a_dying_worker_left_goes_by_itself_and_the_agent_stays(look, group):
    group.network = Group.Network.OPEN
    look("true")
    session = group.sessions.get()
    name, labels = container_name(session), container_config(session)["Labels"]
    engine().create_container_from_config(
        private_networks._helper(name, labels, ["192.0.2.0/24"]), name=f"{name}-routes"
    )

    assert reaper.reap() == 1
    assert [found["Names"] for found in reaper.containers_of_this_install()] == [[f"/{name}"]]


@pytest.mark.docker
def test_where_the_wall_cannot_be_the_page_warns_of_the_local_network(group, settings):
    group.network = Group.Network.OPEN
    session = Session.objects.create(group=group, key="x")
    assert private_networks.LABEL in container_config(session)["Labels"]
    settings.AGENT_OCI_RUNTIME = "runsc"
    assert private_networks.LABEL not in container_config(session)["Labels"]
    assert any("the metadata address that may hand out" in said for said in container_summary.facts(group).warnings)


@pytest.mark.docker
def test_a_group_that_is_sealed_again_gets_another_container(look, group):
    group.network = Group.Network.OPEN
    look("true")
    before = container_name(group.sessions.get())
    group.network = Group.Network.SEALED
    assert look("ls /sys/class/net").strip() == "lo"
    group.refresh_from_db()
    assert container_name(group.sessions.get()) != before


@pytest.mark.docker
def test_an_idle_container_does_not_keep_what_its_group_has_lost(look, group, projects):
    group.mounts = [{"host": str(projects / "site")}]
    look("true")
    assert reaper.reap() == 0
    (projects.parent / "config" / "allow.json").unlink()
    assert reaper.reap() == 1


@pytest.mark.docker
def test_the_engines_own_oci_runtime_by_name_and_one_that_it_does_not_know(look, say, group, settings):
    settings.AGENT_OCI_RUNTIME = "runc"
    assert "hello" in look("echo hello")
    settings.AGENT_OCI_RUNTIME = "no-such-runtime"
    run = say("again")
    execute(run.pk)
    run.refresh_from_db()
    assert "no-such-runtime" in run.error


@pytest.mark.docker
def test_the_agent_is_told_of_its_walls(look, sealed, group, projects):
    group.network, group.allowed_domains = Group.Network.ALLOWLIST, ["pypi.org"]
    group.mounts = [{"host": str(projects / "site")}]
    look("true")
    told = str(sealed.turns[-1].body["system"])
    assert "these hosts only, by the proxy that HTTP_PROXY names: pypi.org (ports 80, 443)" in told
    assert "/workspace/extra/site (read only)" in told


@pytest.mark.docker
@pytest.mark.parametrize("asked_for", [[], ["Bash"]], ids=["unasked", "with a tool that needs approval"])
def test_a_page_is_fetched_without_asking_anybody_else_first(look, sealed, say, group, asked_for):
    group.network, group.allowed_domains = Group.Network.ALLOWLIST, ["pypi.org"]
    group.approval_tools = asked_for
    group.save()
    sealed.script(ToolUse("WebFetch", {"url": "https://files.example/x", "prompt": "What does it say?"}))
    run = say("look")
    run.session.group.refresh_from_db()
    execute(run.pk)
    refused = [incident.sentence for incident in Incident.objects.filter(kind="refused host")]
    assert refused == ["files.example port 443 is not on this group's list of hosts."]


@pytest.mark.docker
def test_two_turns_use_one_warm_container(say, replies, sealed):
    first = say("one")
    execute(first.pk)
    second = say("two")
    execute(second.pk)

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.error, second.error) == ("", "")
    assert first.container == second.container
    assert len(replies()) == 2
