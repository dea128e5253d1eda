"""An open network is closed to what is private, in a container's own network: nothing is sent anywhere."""

import pytest

from tests.runner.support import IMAGE, RUNNER, docker

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("engine")]
LOOK = """
import errno, socket
for address, port in (("192.0.2.9", 80), ("192.0.2.9", 53), ("192.0.2.7", 80), ("198.51.100.1", 80)):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        print(errno.errorcode.get(probe.connect_ex((address, port)), "reached"))
"""
CLOSE = "python3 -P -m ngb_runner.routes 192.0.2.0/24 192.0.2.7/32"


def run(script: str, *rights: str) -> tuple[int, str, str]:
    """In a container with a network and these rights."""
    program = ["--volume", f"{RUNNER}:/runner:ro", "--env", "PYTHONPATH=/runner", "--entrypoint", "sh", IMAGE, "-c"]
    done = docker("run", "--rm", "--user", "0:0", "--cap-drop", "ALL", *rights, *program, script)
    return done.returncode, done.stdout, done.stderr


def test_what_is_closed_is_refused_but_for_names_and_what_is_opened_again() -> None:
    code, out, _ = run(f"{CLOSE} && python3 -c '{LOOK}'", "--cap-add", "NET_ADMIN")
    assert (code, out.split()) == (0, ["EACCES", "reached", "reached", "reached"])


def test_before_that_it_is_open() -> None:
    assert run(f"python3 -c '{LOOK}'")[:2] == (0, "reached\n" * 4)


def test_who_has_no_right_to_close_it_hears_that_the_kernel_refused() -> None:
    code, out, error = run(f"{CLOSE} && echo closed")
    assert (code, out) == (1, "")
    assert "the kernel refused a route or a rule: error 1" in error
