"""A group's MCP servers on its page: secrets go in and do not come out."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.agents.models import McpServer
from apps.chats.models import Group

SECRET = "Bearer very-secret-indeed"


@pytest.fixture
def server(group: Group) -> McpServer:
    return McpServer.objects.create(
        group=group, name="office", kind="http", url="https://office.example/mcp", secrets={"Authorization": SECRET}
    )


def address(group: Group) -> str:
    return reverse("admin:chats_group_change", args=[group.pk])


def save(browser: Client, group: Group, *servers: dict[str, Any]) -> str:
    """The group's form, with these servers under it."""
    context = browser.get(address(group)).context
    form = context["adminform"].form
    data = {name: form[name].value() for name in form.fields}
    data = {name: value for name, value in data.items() if value not in (None, False)}
    for inline in context["inline_admin_formsets"]:
        data |= {f"{inline.formset.prefix}-TOTAL_FORMS": "0", f"{inline.formset.prefix}-INITIAL_FORMS": "0"}
    data["mcp_servers-TOTAL_FORMS"] = len(servers)
    data["mcp_servers-INITIAL_FORMS"] = sum("id" in fields for fields in servers)
    for number, fields in enumerate(servers):
        data |= {f"mcp_servers-{number}-{name}": value for name, value in fields.items()}
    return browser.post(address(group), data, follow=True).content.decode()


def row(server: McpServer, **changes: Any) -> dict[str, Any]:
    fields = {"id": server.pk, "group": server.group_id, "name": server.name, "kind": server.kind, "url": server.url}
    return fields | {"enabled": "on"} | changes


def test_a_secret_is_named_and_never_shown(browser_of, group, server):
    shown = browser_of.get(address(group)).content.decode()
    assert "Authorization" in shown
    assert "very-secret" not in shown
    refused = save(browser_of, group, row(server, name="no good", **{"secrets-value-Authorization": SECRET}))
    assert "very-secret" not in refused
    assert "Please correct the error" in refused


def test_what_is_left_empty_stays_and_what_is_written_takes_its_place(browser_of, group, server):
    save(browser_of, group, row(server, url="https://office.example/other"))
    assert McpServer.objects.get().secrets == {"Authorization": SECRET}
    save(browser_of, group, row(server, **{"secrets-value-Authorization": "Bearer new"}))
    assert McpServer.objects.get().secrets == {"Authorization": "Bearer new"}
    save(browser_of, group, row(server, **{"secrets-delete-Authorization": "on"}))
    assert McpServer.objects.get().secrets == {}


def test_a_secret_does_not_follow_to_another_host(browser_of, group, server):
    refused = save(browser_of, group, row(server, url="https://evil.example/mcp"))
    assert "Another host: enter these again" in refused
    assert McpServer.objects.get().url == "https://office.example/mcp"
    save(browser_of, group, row(server, url="https://new.example/mcp", **{"secrets-value-Authorization": "Bearer new"}))
    assert McpServer.objects.get().url == "https://new.example/mcp"


def test_a_program_is_written_as_in_a_shell(browser_of, group):
    fields = {"name": "local", "kind": "stdio", "enabled": "on", "group": group.pk}
    save(browser_of, group, fields | {"command": "python3 server.py --greet 'good day'"})
    assert McpServer.objects.get().command == ["python3", "server.py", "--greet", "good day"]
    shown = browser_of.get(address(group)).content.decode()
    assert "python3 server.py --greet &#x27;good day&#x27;" in shown


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": "ngb"}, "is the name of the service"),
        ({"name": "Office"}, "Small letters, digits"),
        ({"url": ""}, "address is needed"),
        ({"url": "https://u:p@office.example/mcp"}, "No name and password"),
        ({"kind": "stdio", "url": "", "command": "'"}, "quotation mark"),
        ({"secrets-new-key-0": "X Y", "secrets-new-value-0": "v"}, "A header&#x27;s name has"),
        ({"secrets-new-key-0": "Host", "secrets-new-value-0": "v"}, "no header that can be set"),
    ],
)
def test_what_cannot_work_is_refused_in_words(browser_of, group, changes, sentence):
    fields = {"name": "office", "kind": "http", "url": "https://office.example/mcp", "group": group.pk}
    assert sentence in save(browser_of, group, fields | changes)
    assert not McpServer.objects.exists()
