import os
from pathlib import Path

import pytest

from nanogridbot.processes import lock


def test_second_holder_is_refused_and_told_who_holds(tmp_path: Path) -> None:
    path = tmp_path / "run" / "up.lock"
    path.parent.mkdir()
    refusal = rf"process {os.getpid()}\) serves {tmp_path}"
    with lock.held(path), pytest.raises(lock.AlreadyRunningError, match=refusal), lock.held(path):
        pass
    with lock.held(path):
        assert lock.holder(path) == str(os.getpid())


def test_lock_is_free_before_and_after(tmp_path: Path) -> None:
    path = tmp_path / "up.lock"
    assert lock.holder(path) == ""
    with lock.held(path):
        pass
    assert path.exists()
    assert lock.holder(path) == ""


def test_looking_who_holds_takes_nothing_away(tmp_path: Path) -> None:
    path = tmp_path / "up.lock"
    with lock.held(path):
        lock.holder(path)
        assert lock.holder(path) == str(os.getpid())
