"""What every runtime promises of its agents, whether a process or a container."""

from collections.abc import Iterator

import pytest

from apps.agents.models import Session
from apps.agents.sandbox.base import Runtime
from apps.agents.sandbox.runtimes import runtime_named
from apps.chats.models import Group


@pytest.fixture(params=["process", pytest.param("docker", marks=pytest.mark.docker)])
def runtime(request: pytest.FixtureRequest) -> Runtime:
    if request.param == "docker":
        request.getfixturevalue("sealed")
    return runtime_named(request.param)


@pytest.fixture
def session(group: Group, runtime: Runtime) -> Iterator[Session]:
    found = Session.objects.create(group=group, key="group")
    yield found
    runtime.discard(found)


def test_an_agent_stays_warm_until_it_is_discarded(runtime, session):
    assert runtime.warm(session) is None
    agent = runtime.start(session, lambda: None)
    agent.settled()
    assert runtime.lives(session, agent)
    agent.stream.close()
    runtime.release(session, agent)

    warm = runtime.warm(session)
    assert warm
    assert (warm.name, runtime.lives(session, warm)) == (agent.name, True)
    warm.stream.close()

    runtime.discard(session)
    assert not runtime.lives(session, agent)
    assert runtime.warm(session) is None


def test_another_session_s_agent_is_not_its_own(runtime, session, group):
    agent = runtime.start(session, lambda: None)
    agent.settled()
    agent.stream.close()
    other = Session.objects.create(group=group, key="chat:1")

    assert runtime.warm(other) is None
    runtime.discard(other)
    assert runtime.lives(session, agent)


def test_only_behind_walls_an_agent_has_tools_of_its_own(runtime, session):
    place = runtime.place(session)
    walled = runtime.name == "docker"
    assert place.builtin_tools == ("all" if walled else "none")
    assert place.cwd.endswith("/workspace/group" if walled else f"/groups/{session.group.folder}")
