"""The one validator of additional folders, on a real tree of folders and links."""

from pathlib import Path

import pytest

from apps.agents.sandbox.mounts import judge
from tests.agents.sandbox.support import allow, group, one, roots


@pytest.mark.parametrize(
    ("folder", "asked", "main_only", "is_main", "writes"),
    [
        ("projects/site", True, False, False, True),
        ("projects/site", False, False, False, False),
        ("media/films", True, False, True, False),
        ("projects/site", True, True, False, False),
        ("projects/site", True, True, True, True),
    ],
)
def test_who_may_write(home, settings, folder, asked, main_only, is_main, writes):
    allow(settings.MOUNT_ALLOWLIST, roots(home), nonMainReadOnly=main_only)
    found = one({"host": str(home / folder), "write": asked}, is_main=is_main)
    assert found.write is writes
    assert bool(found.note) is (asked and not writes)


def test_where_the_file_does_not_say_so_only_main_writes(home, settings):
    allow(settings.MOUNT_ALLOWLIST, roots(home))
    assert one({"host": str(home / "projects/site"), "write": True}).write is False


@pytest.mark.parametrize(
    ("folder", "reason"),
    [
        ("projects/out", "none of the folders"), ("projects/out/site", "none of the folders"),
        ("projects/../elsewhere", "none of the folders"), ("elsewhere", "none of the folders"),
        ("projects/.SSH/keys", "“.SSH” in its path"), ("projects/.aws", "“.aws”"), ("projects/a/id_rsa", "“id_rsa”"),
        ("projects/credentials", "“credentials”"), ("projects/.env", "“.env”"), ("projects/.env.d", "“.env.d”"),
        ("projects/vault", "“vault”"), ("projects/harmless", "“.SSH”"), ("projects/circle", "does not exist"),
        ("projects/missing", "does not exist"), ("projects/file", "no folder"), ("projects/no:colon", "no plain name"),
        ("", "which no agent may see"), ("config", "which no agent may see"),
    ],
)  # fmt: skip
def test_folders_that_are_refused(home, folder, reason):
    assert reason in one({"host": str(home / folder)})


@pytest.mark.parametrize(
    "folder", ["projects", "projects/site", "projects/my.environment", "projects/credentials-docs"]
)
def test_folders_that_only_look_like_blocked_ones_are_mounted(home, folder):
    assert one({"host": str(home / folder)}).target == f"/workspace/extra/{Path(folder).name}"


def test_a_link_inside_the_root_is_mounted_as_what_it_leads_to(home):
    found = one({"host": str(home / "projects/in")})
    assert (found.source, found.target) == (home / "projects/site", "/workspace/extra/in")


@pytest.mark.parametrize(
    "name",
    ["../escape", "/etc", "", "repo:rw", "/workspacefoo", "..", ".", ".hidden", "a/b", "a,b", "a b", "a\n", "a\0",
     "x" * 101, "a..b"],
)  # fmt: skip
def test_names_in_the_container_that_are_refused(home, name):
    assert "no plain name" in one({"host": str(home / "projects/site"), "container": name})


@pytest.mark.parametrize("name", ["repo", "my-site", "v1.2", "项目", "_x"])
def test_names_in_the_container_that_are_good(home, name):
    assert one({"host": str(home / "projects/site"), "container": name}).target == f"/workspace/extra/{name}"


@pytest.mark.parametrize(
    "mount",
    ["/etc", 5, None, {}, {"host": ""}, {"host": 5}, {"host": ["/"]}, {"host": "/tmp", "mode": "rw"},
     {"host": "/tmp", "write": "yes"}, {"host": "/tmp", "container": 5}, {"host": "projects"}, {"host": "/tmp\0/x"},
     {"host": "~nobody-of-this-name/x"}, {"host": "/" + "x" * 5000}, {"host": "/half a \ud83d"}],
)  # fmt: skip
def test_whatever_else_stands_in_the_row_is_refused_with_a_reason(home, mount):
    assert isinstance(one(mount), str)


@pytest.mark.parametrize("ours", ["DATA_DIR", "BASE_DIR"])
def test_our_own_folders_their_ancestors_and_their_insides_are_refused(home, settings, ours):
    own = home / "projects" / "bot"
    (own / "groups" / "other").mkdir(parents=True)
    setattr(settings, ours, own)
    settings.HOST_DATA_DIR = settings.DATA_DIR
    for folder in (own, own / "groups" / "other", own.parent):
        assert "no agent may see" in one({"host": str(folder)})
    assert one({"host": str(home / "projects/site")}).write is False


def test_a_folder_that_holds_a_secret_file_of_ours_is_refused(home, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY_FILE", str(home / "projects" / "site" / "key"))
    assert "own configuration" in one({"host": str(home / "projects")})
    assert one({"host": str(home / "projects/credentials-docs")}).write is False


@pytest.mark.parametrize("folder", ["/", "/proc", "/sys", "/dev", "/run", "/etc", "/var", "/var/run"])
def test_the_systems_own_folders_are_refused_whatever_the_allowlist_says(home, settings, folder):
    allow(settings.MOUNT_ALLOWLIST, [{"path": "/"}])
    assert "no agent may see" in one({"host": folder, "container": "x"})


def test_a_good_and_a_bad_folder(home):
    verdict = judge(group({"host": str(home / "projects/site")}, {"host": "/etc"}))
    assert [mount.target for mount in verdict.effective] == ["/workspace/extra/site"]
    assert [refusal.asked for refusal in verdict.refused] == ["/etc"]


def test_two_folders_of_one_name_and_too_many_of_them(home):
    same = {"host": str(home / "projects/site")}
    assert "Another folder" in judge(group(same, same)).refused[0].reason
    assert "More than" in judge(group(*[same] * 21)).refused[0].reason
