"""Which MCP servers a group may have, and how it is known that it has none."""

import pytest
from django.core.exceptions import ValidationError

from apps.agents.gateway import mcp
from apps.agents.models import McpServer
from apps.agents.models import mcp as rows


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"name": "ngb", "kind": "http", "url": "https://x.example/mcp"}, "name"),
        ({"kind": "http"}, "url"),
        ({"kind": "http", "url": "ftp://x.example/"}, "url"),
        ({"kind": "http", "url": "https://user:pw@x.example/mcp"}, "url"),
        ({"kind": "http", "url": "https://x.example:99999/mcp"}, "url"),
        ({"kind": "http", "url": "https://x.example/mcp", "command": ["x"]}, "command"),
        ({"kind": "http", "url": "https://x.example/mcp", "secrets": {"Host": "x"}}, "secrets"),
        ({"kind": "stdio"}, "command"),
        ({"kind": "stdio", "command": "npx x"}, "command"),
        ({"kind": "stdio", "command": ["x"], "secrets": {"A": "b"}}, "secrets"),
    ],
)
def test_a_server_that_cannot_work_is_refused(group, fields, wrong):
    with pytest.raises(ValidationError) as refused:
        McpServer(**{"group": group, "name": "office", **fields}).full_clean()
    assert wrong in refused.value.message_dict


@pytest.mark.parametrize("url", ["https://x.example/mcp", "http://office:8000/mcp?key=1"])
def test_a_server_that_can_work_is_accepted(group, url):
    server = McpServer(group=group, name="office", kind="http", url=url, secrets={"Authorization": "x"})
    server.full_clean()
    server.save()
    assert [one["name"] for one in mcp.offered(group, walled=True)] == ["office"]


def test_a_group_without_servers_is_offered_none_and_asks_once(group, django_assert_num_queries, monkeypatch):
    monkeypatch.setattr(rows, "KNOWN_FOR", 60.0)  # however slow the machine
    with django_assert_num_queries(1):
        assert mcp.offered(group, walled=True) == mcp.offered(group, walled=True) == []
