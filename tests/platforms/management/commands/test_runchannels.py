import os
import signal
import subprocess
import sys
import time

import pytest

from tests.environment import lay_tables, service_environment
from tests.waiting import in_time


@pytest.fixture
def installation(tmp_path):
    """A database of its own, for real processes."""
    lay_tables(tmp_path)
    return service_environment(tmp_path, DATABASE_URL="")


def runchannels(environment):
    return subprocess.Popen(
        [sys.executable, "manage.py", "runchannels"], env=environment, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_runchannels_ends_cleanly_on_a_signal_and_tolerates_no_second_one(installation, number):
    in_time(5, lambda: ended(installation, number))


def ended(installation, number) -> float:
    process = runchannels(installation)
    for line in process.stderr:
        if "web is online" in line:
            break
    second = subprocess.run(
        [sys.executable, "manage.py", "runchannels"],
        env=installation,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (second.returncode, "runs already" in second.stderr) == (1, True)
    began = time.monotonic()
    os.kill(process.pid, number)
    _, rest = process.communicate(timeout=60)
    took = time.monotonic() - began
    assert process.returncode == 0, rest
    assert "Traceback" not in rest
    return took
