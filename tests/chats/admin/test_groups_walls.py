"""What a group's container gets, on the group's page and in its form."""

import json

import pytest

from apps.agents.sandbox import selection
from apps.chats.models import Group
from tests.chats.admin.support import group_form

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _process(settings):
    settings.AGENT_RUNTIME = "process"
    selection.chosen_runtime.cache_clear()
    yield
    selection.chosen_runtime.cache_clear()


@pytest.fixture
def docker(settings):
    settings.AGENT_RUNTIME = "docker"
    if missing := selection.docker_missing():
        pytest.skip(f"skipped because Docker is missing: {missing}")
    selection.chosen_runtime.cache_clear()


def saved(browser_of, group, **more):
    inlines = {f"{name}-{count}_FORMS": 0 for name in ("chats", "mcp_servers") for count in ("TOTAL", "INITIAL")}
    response = browser_of.post(f"/admin/chats/group/{group.pk}/change/", group_form(**inlines) | more, follow=True)
    group.refresh_from_db()
    return response.text


def test_hosts_variables_and_folders_are_written_a_line_each(browser_of, group):
    saved(
        browser_of,
        group,
        network="allowlist",
        allowed_domains="pypi.org\n*.example.org",
        env="LANG=C.UTF-8\nX = a=b",
        mounts='[{"host": "/srv/x"}]',
    )
    assert (group.network, group.allowed_domains) == (Group.Network.ALLOWLIST, ["pypi.org", "*.example.org"])
    assert (group.env, group.mounts) == ({"LANG": "C.UTF-8", "X": "a=b"}, [{"host": "/srv/x"}])
    saved(browser_of, group, mounts="", env="", allowed_domains="")
    assert (group.env, group.mounts, group.allowed_domains) == ({}, [], [])


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"env": "PATH=/tmp"}, "PATH is not a group&#x27;s to set."), ({"env": "nonsense"}, "NAME=value is expected"),
        ({"env": "A=1\nA=2"}, "A stands there twice"), ({"allowed_domains": "https://pypi.org"}, "leave out https://"),
        ({"mounts": '{"host": "/x"}'}, "A list is expected"),
        ({"mounts": '[{"host": "x"}]'}, "must be an absolute path"),
        ({"disk_quota_mb": 1}, "greater than or equal to 16"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_a_sentence(browser_of, group, fields, sentence):
    assert sentence in saved(browser_of, group, **fields)
    assert group.name == "The family"


def test_an_open_network_and_a_likely_secret_are_warned_of(browser_of, group):
    shown = saved(browser_of, group, network="open", env="API_KEY=abc")
    assert "the agent reaches the whole internet" in shown
    assert "API_KEY looks like a secret" in shown


@pytest.mark.docker
def test_the_page_shows_what_the_container_gets(browser_of, group, docker, settings, tmp_path):
    settings.MOUNT_ALLOWLIST = tmp_path / "config" / "allow.json"
    settings.MOUNT_ALLOWLIST.parent.mkdir()
    (tmp_path / "projects" / "site").mkdir(parents=True)
    settings.MOUNT_ALLOWLIST.write_text(json.dumps({"allowedRoots": [{"path": str(tmp_path / "projects")}]}))
    Group.objects.filter(pk=group.pk).update(
        network="open",
        env={"COLOUR": "secret blue"},
        mounts=[{"host": str(tmp_path / "projects/site"), "write": True}, {"host": "/etc"}],
    )

    shown = browser_of.get(f"/admin/chats/group/{group.pk}/change/").text
    panel = shown[shown.index("What this group's container gets") :]

    for said in (
        "/workspace/extra/site",
        "lets nobody write in",
        "which no agent may see",
        "The network is open",
        "COLOUR",
    ):
        assert said in panel, said
    assert "1024 MiB, and 0 MiB of swap" in panel
    assert "secret blue" not in panel


def test_without_containers_the_page_says_so(browser_of, group):
    assert "Agents run without a container here" in browser_of.get(f"/admin/chats/group/{group.pk}/change/").text
