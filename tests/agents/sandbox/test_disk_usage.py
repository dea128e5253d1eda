"""What folders take, found out whatever stands in them."""

import ctypes
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.agents.sandbox import disk_usage
from apps.agents.sandbox.disk_usage import Size, measure
from tests.agents.sandbox.support import MIB, fill


def test_files_folders_and_names_are_counted_once(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    fill(tmp_path / "a" / "file", 2)
    os.link(tmp_path / "a" / "file", tmp_path / "a" / "b" / "another name")
    found = measure([tmp_path])
    assert 2 * MIB <= found.bytes < 2 * MIB + 100_000
    assert (found.files, found.whole, found.trouble) == (4, True, "")


def test_links_holes_pipes_and_sockets_count_for_nothing(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    fill(outside / "big", 3)
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "folder").symlink_to(outside)
    (inside / "file").symlink_to(outside / "big")
    (inside / "circle").symlink_to(inside)
    os.mkfifo(inside / "pipe")
    with (inside / "holes").open("wb") as file:
        file.truncate(10 * 1024 * MIB)
    assert measure([inside]).bytes < 100_000
    assert measure([inside / "folder"]).bytes == 0


def test_a_folder_deeper_than_any_path_is_trouble(tmp_path):
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        for _ in range(30):
            Path("x" * 200).mkdir()
            os.chdir("x" * 200)
    finally:
        os.chdir(before)
    found = measure([tmp_path])
    assert "characters deep" in found.trouble
    assert found.whole is False


def test_too_many_files_are_trouble_and_too_little_time_says_at_least(tmp_path, monkeypatch):
    for number in range(50):
        (tmp_path / str(number)).mkdir()
    assert measure([tmp_path], seconds=0).whole is False
    monkeypatch.setattr(disk_usage, "MAX_FILES", 20)
    assert "more than 20 files" in measure([tmp_path]).trouble
    monkeypatch.setattr(disk_usage, "MAX_PENDING", 100)
    assert "too many folders" in measure([tmp_path]).trouble


@pytest.fixture
def ordinary_user() -> Iterator[None]:
    """The files of this thread are asked for as nobody, where the tests are root."""
    libc = ctypes.CDLL(None)
    before = libc.setfsuid(65534) if os.getuid() == 0 else -1
    yield
    if before >= 0:
        libc.setfsuid(before)


def test_a_folder_that_its_owner_has_closed_is_trouble(ordinary_user):
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "closed").mkdir()
        assert measure([Path(name)]).whole
        (Path(name) / "closed").chmod(0)
        assert "closed to the service" in measure([Path(name)]).trouble


def test_a_folder_that_is_not_there_takes_nothing(tmp_path):
    assert measure([tmp_path / "nowhere"]) == Size(0, 0)
