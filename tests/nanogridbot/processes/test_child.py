"""Children as the supervisor starts them: forked, in sessions of their own, with a pipe for their lines."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nanogridbot.processes import child
from nanogridbot.processes.child import Child, Program
from tests.environment import ROOT
from tests.waiting import until

# In a process of its own: to fork the tests would take their threads and sockets along.
PARENT = """
import os, sys, time
from nanogridbot.processes import child
def main():
    print("name", open("/proc/self/comm").read().strip(), flush=True)
    print("leader", os.getsid(0) == os.getpid(), flush=True)
    child.say_ready()
    {body}
started = child.start(child.Program("web", main), lambda: None)
os.set_blocking(started.pipe, True)
print(started.pid, flush=True)
with os.fdopen(started.pipe, "rb") as pipe:
    sys.stdout.buffer.write(pipe.read())
_, status = os.waitpid(started.pid, 0)
print("code", os.waitstatus_to_exitcode(status), flush=True)
"""


def parent(body):
    command = [sys.executable, "-c", PARENT.format(body=body)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def said_by(body):
    with parent(body) as process:
        return process.communicate(timeout=60)[0]


def test_a_child_has_a_name_and_a_session_of_its_own_and_says_when_it_serves():
    said = said_by("pass")
    assert "name ngb-web" in said
    assert "leader True" in said
    assert child.READY.decode() in said
    assert said.endswith("code 0\n")


@pytest.mark.parametrize(("body", "code"), [("sys.exit(3)", 3), ("sys.exit('why')", 1), ("raise ValueError", 1)])
def test_how_a_child_ends_is_its_code(body, code):
    assert said_by(body).endswith(f"code {code}\n")


def test_a_child_ends_with_its_parent():
    with parent("time.sleep(60)") as process:
        assert process.stdout
        pid = int(process.stdout.readline())
        assert _lives(pid)
        process.kill()
        until(lambda: not _lives(pid))


def _lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_the_processes_below_this_one_are_known():
    before = child.descendants()
    with subprocess.Popen(["sleep", "60"]) as process:
        assert process.pid in child.descendants()
        assert process.pid not in before
        process.kill()


@pytest.mark.parametrize(
    ("code", "words"),
    [(0, "ended with code 0"), (3, "ended with code 3"), (-signal.SIGKILL, "was killed by Killed (9)")],
)
def test_an_end_in_words(code, words):
    ended = Child(Program("web", lambda: None), pid=os.getpid(), pipe=-1, code=code)
    assert ended.ending == words
