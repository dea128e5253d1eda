"""An open network is closed to private hosts, or serves nobody."""

import pytest

from apps.agents.errors import AgentError
from apps.agents.models import Run
from apps.agents.runs.execution import execute
from apps.agents.sandbox import private_networks, reaper
from apps.chats.models import Group


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
