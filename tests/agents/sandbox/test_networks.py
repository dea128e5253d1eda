"""An open group has a bridge of its own; a sealed one has no network."""

import ipaddress

import pytest

from apps.agents.sandbox import networks, reaper
from apps.agents.sandbox.container_config import container_name
from apps.agents.sandbox.engine import engine
from apps.chats.models import Group


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
def test_a_group_that_is_sealed_again_gets_another_container(look, group):
    group.network = Group.Network.OPEN
    look("true")
    before = container_name(group.sessions.get())
    group.network = Group.Network.SEALED
    assert look("ls /sys/class/net").strip() == "lo"
    group.refresh_from_db()
    assert container_name(group.sessions.get()) != before
