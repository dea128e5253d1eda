"""The tools that a group marks, in the admin: a name a line."""

import pytest

from tests.chats.admin.support import group_form

pytestmark = pytest.mark.django_db


def save(browser_of, group, **fields):
    inlines = {f"{name}-{count}_FORMS": 0 for name in ("chats", "mcp_servers") for count in ("TOTAL", "INITIAL")}
    response = browser_of.post(f"/admin/chats/group/{group.pk}/change/", group_form(**inlines, **fields))
    group.refresh_from_db()
    return response


def test_marked_tools_are_written_a_name_a_line(browser_of, group):
    save(browser_of, group, admin_tools="Bash\r\n\r\n mcp__github__* \r\nBash\r\n", approval_tools="WebFetch")

    assert (group.admin_tools, group.approval_tools) == (["Bash", "mcp__github__*"], ["WebFetch"])
    page = browser_of.get(f"/admin/chats/group/{group.pk}/change/").text
    assert "Bash\nmcp__github__*</textarea>" in page


def test_what_is_no_list_of_names_is_refused(browser_of, group):
    response = save(browser_of, group, admin_tools='["Bash", "Read"]')

    assert "One name a line" in response.text
    assert group.admin_tools == []


def test_no_names_is_an_empty_list(browser_of, group):
    save(browser_of, group)

    assert (group.admin_tools, group.approval_tools) == ([], [])
