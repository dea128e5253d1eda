import ipaddress
from collections.abc import Iterator
from http.server import ThreadingHTTPServer

import pytest
from pytest_django import Settings

from apps.chats.models import Group
from tests.agents.egress.support import Way
from tests.agents.support import Say
from tests.runner.proxies.support import PROXY_VARIABLES


@pytest.fixture
def way(
    say: Say, group: Group, server: ThreadingHTTPServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Way]:
    for name in PROXY_VARIABLES:
        monkeypatch.setenv(name, "")
    address, port = str(server.server_address[0]), server.server_address[1]
    settings.EGRESS_ALLOW_PRIVATE = [ipaddress.ip_network(address)]
    group.network, group.allowed_domains = Group.Network.ALLOWLIST, [f"{address}:{port}"]
    run = say("hello")
    run.session.group = group
    found = Way(run, port, address)
    yield found
    found.close()
