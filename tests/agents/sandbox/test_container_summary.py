"""What a group's container gets, as its page in the admin says it."""

import re

import pytest

from apps.agents.models import Session
from apps.agents.sandbox import container_summary, private_networks
from apps.agents.sandbox.container_config import container_config
from apps.chats.models import Group


@pytest.mark.docker
def test_where_the_wall_cannot_be_the_page_warns_of_the_local_network(group, settings):
    group.network = Group.Network.OPEN
    session = Session.objects.create(group=group, key="x")
    assert private_networks.LABEL in container_config(session)["Labels"]
    settings.AGENT_OCI_RUNTIME = "runsc"
    assert private_networks.LABEL not in container_config(session)["Labels"]
    assert any("the metadata address that may hand out" in said for said in container_summary.facts(group).warnings)


@pytest.mark.docker
def test_a_variable_s_name_is_told_and_its_value_is_not(sealed, group):
    group.env = {"GREETING": "good-day", "API_TOKEN": "4711", "LD_PRELOAD": "/tmp/x.so"}
    found = container_summary.facts(group)
    assert "GREETING=…" in found.told
    assert not {"good-day", "4711"} & set(re.findall(r"[\w-]+", found.told))
    assert [refusal.asked for refusal in found.refused] == ["LD_PRELOAD"]
    assert [said.split()[0] for said in found.warnings] == ["API_TOKEN"]


@pytest.mark.docker
def test_what_is_said_of_the_walls_is_what_the_engine_is_given(sealed, group):
    group.memory_mb, group.network, group.allowed_domains = 512, Group.Network.ALLOWLIST, ["pypi.org"]
    rows = dict(container_summary.facts(group).rows)
    assert rows["Main memory"] == "512 MiB, and 0 MiB of swap"
    assert rows["Network"] == "none; through the service it reaches pypi.org (ports 80, 443)"
    assert (rows["Capabilities"], rows["Root file system"]) == ("none", "read-only")
