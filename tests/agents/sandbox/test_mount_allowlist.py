"""The operator's file: none, a broken one, and what it opens."""

from pathlib import Path

import pytest

from apps.agents.sandbox.mounts import judge
from tests.agents.sandbox.support import allow, group, one, roots


def test_a_group_without_wishes_needs_no_file(home, settings):
    settings.MOUNT_ALLOWLIST = home / "nowhere.json"
    assert judge(group()) == judge(group())
    assert not judge(group()).refused


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "no mount allowlist"), ("{", "broken"), ("[]", "must be an object"),
        ('{"allowedRoots": {}}', "must be list"),
        ('{"allowedRoots": [{"path": "projects"}]}', "no absolute path"), ('{"allowedRoot": []}', "unknown key"),
        ('{"nonMainReadOnly": "no"}', "must be bool"), ('{"blockedPatterns": [5]}', "must hold names"),
        ('{"allowedRoots": [{"path": "/srv", "readOnly": true}]}', "unknown key"), ("[" * 100_000, "broken"),
        ("\xff", "broken"),
    ],
)  # fmt: skip
def test_no_file_or_a_broken_one_refuses_everything_and_a_corrected_one_counts_at_once(home, settings, content, reason):
    settings.MOUNT_ALLOWLIST.unlink()
    if content is not None:
        settings.MOUNT_ALLOWLIST.write_text(content, encoding="latin-1")
    assert reason in one({"host": str(home / "projects/site")})
    allow(settings.MOUNT_ALLOWLIST, roots(home))
    assert one({"host": str(home / "projects/site")}).target == "/workspace/extra/site"


def test_a_root_that_is_away_leaves_the_others_and_is_named_in_the_reason(home, settings):
    allow(settings.MOUNT_ALLOWLIST, [*roots(home), {"path": str(home / "gone")}])
    assert one({"host": str(home / "projects/site")}).write is False
    assert f"{home / 'gone'} does not exist" in one({"host": str(home / "elsewhere")})


def test_the_innermost_root_decides(home, settings):
    inner = {"path": str(home / "projects/site"), "allowReadWrite": False}
    allow(settings.MOUNT_ALLOWLIST, [inner, *roots(home)], nonMainReadOnly=False)
    assert "lets nobody write" in one({"host": str(home / "projects/site"), "write": True}).note


def test_a_service_in_a_container_maps_to_the_hosts_path_or_refuses(home, settings):
    settings.HOST_DATA_DIR = Path("/srv/bot")
    assert "needs its hostPath" in one({"host": str(home / "projects/site")})
    allow(settings.MOUNT_ALLOWLIST, [{"path": str(home / "projects"), "hostPath": "/home/ann/projects"}])
    found = one({"host": str(home / "projects/in")})
    assert (found.source, found.path) == (Path("/home/ann/projects/site"), home / "projects/site")
