"""Agents in containers: warm for the next turn, and walled in as their group is."""

import ipaddress

import pytest

from apps.agents.models import Run
from apps.agents.runs.execution import execute
from apps.agents.sandbox import reaper
from apps.agents.sandbox.container_config import container_name
from apps.agents.sandbox.engine import engine
from apps.chats.models import Group, Incident
from tests.fakes.messages_api import ToolUse

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


@pytest.mark.docker
def test_changed_limits_take_effect_with_the_next_turn(say, group, sealed):
    first = say("one")
    execute(first.pk)
    group.memory_mb = 2048
    group.save()
    second = say("two")
    execute(second.pk)

    first.refresh_from_db()
    second.refresh_from_db()
    assert first.container != second.container
    assert engine().inspect_container(container_name(first.session))["HostConfig"]["Memory"] == 2 * 1024**3


@pytest.mark.docker
def test_the_least_recently_used_idle_agent_makes_room(say, sealed, settings):
    from apps.agents import services
    from apps.chats.models import Message
    from apps.chats.services import create_group, web_chat

    settings.AGENT_MAX_CONTAINERS = 1
    first = say("one")
    execute(first.pk)
    other = create_group(folder="other")
    Message.objects.create(chat=web_chat(other), direction="in", external_id="1", text="hi", calls_agent=True)
    second = services.request_run(other, chat=web_chat(other), cause=Run.Cause.MESSAGE)
    execute(second.pk)

    names = [found["Labels"]["ngb.group"] for found in reaper.containers_of_this_install()]
    assert names == ["other"]


@pytest.mark.docker
def test_a_turn_that_takes_too_long_leaves_no_container(say, sealed, group):
    group.turn_timeout_s = 3
    group.save()
    sealed.script(ToolUse("Bash", {"command": "sleep 300"}))
    run = say("hello")

    execute(run.pk)

    run.refresh_from_db()
    assert "longer than 3 seconds" in run.error
    assert reaper.containers_of_this_install() == []
