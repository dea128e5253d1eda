"""What a group's container gets, as its page in the admin says it."""

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
