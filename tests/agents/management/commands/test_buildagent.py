"""The build script refuses in words; that it builds is shown by every sealed test."""

import os
import shutil
import subprocess

import pytest

from tests.runner.support import IMAGE, RUNNER, skip_without_image

SCRIPT = str(RUNNER.parent / "build.sh")


@pytest.fixture
def engine() -> None:
    """A Docker engine and the agent image."""
    skip_without_image(IMAGE, "container/build.sh")


def build(*arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [SCRIPT, *arguments], env=os.environ | env, capture_output=True, text=True, timeout=60, check=False
    )


def test_help_lists_the_options_and_succeeds() -> None:
    done = build("--help")
    assert done.returncode == 0
    assert all(option in done.stdout for option in ("--base", "--extra-ca", "--tag", "--full"))


@pytest.mark.parametrize(
    ("arguments", "words"), [(["--colour"], "unknown argument: --colour"), (["--tag"], "--tag needs a value")]
)
def test_a_wrong_argument_is_named(arguments: list[str], words: str) -> None:
    done = build(*arguments)
    assert done.returncode == 1
    assert words in done.stderr


def test_an_engine_that_does_not_answer_is_said() -> None:
    if shutil.which("docker") is None:
        pytest.skip("skipped because Docker is missing")
    done = build(DOCKER_HOST="tcp://127.0.0.1:1")
    assert done.returncode == 1
    assert "no Docker engine answers" in done.stderr


@pytest.mark.docker
@pytest.mark.usefixtures("engine")
def test_a_ca_bundle_that_cannot_be_read_is_said() -> None:
    done = build("--extra-ca", "/nowhere/ca.pem")
    assert done.returncode == 1
    assert "/nowhere/ca.pem" in done.stderr
