"""Which containers go by themselves, and which stay."""

import pytest
from django.conf import settings

from apps.agents.sandbox import private_networks, reaper
from apps.agents.sandbox.container_config import container_config, container_name
from apps.agents.sandbox.engine import engine, remove
from apps.chats.models import Group


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
def test_an_idle_container_does_not_keep_what_its_group_has_lost(look, group, projects):
    group.mounts = [{"host": str(projects / "site")}]
    look("true")
    assert reaper.reap() == 0
    (projects.parent / "config" / "allow.json").unlink()
    assert reaper.reap() == 1


@pytest.mark.docker
def test_reaping_takes_idle_and_orphaned_ones_and_nobody_elses(say, group, inspected):
    theirs = engine().create_container(settings.AGENT_IMAGE, labels={"ngb.install": "another", "ngb.session": "1"})[
        "Id"
    ]
    orphan = engine().create_container(
        settings.AGENT_IMAGE, labels={"ngb.install": settings.INSTALL_ID, "ngb.session": "999999"}
    )["Id"]
    try:
        assert reaper.reap() == 1  # the orphan; ours is warm
        group.idle_timeout_s = 0
        group.save()
        assert reaper.reap() == 1  # ours is idle now
        assert engine().inspect_container(theirs)
    finally:
        remove(theirs)
        remove(orphan)
