import gc
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from apps.agents.models import ModelProvider
from apps.agents.providers import pool
from apps.agents.sandbox import selection
from apps.chats.models import Channel
from nanogridbot.doctor import Verdict, examine
from nanogridbot.processes.bootstrap import first_start

pytestmark = pytest.mark.django_db


def findings(verdict: Verdict) -> str:
    return "\n".join(finding.sentence for finding in examine() if finding.verdict is verdict)


def test_healthy_installation_has_nothing_bad(settings: Settings) -> None:
    settings.AGENT_RUNTIME = "process"
    first_start()
    assert findings(Verdict.BAD) == ""
    assert "answers and has its tables" in findings(Verdict.GOOD)
    assert "The demo agent answers" in findings(Verdict.HINT)


def test_new_installation_is_told_about_the_first_start() -> None:
    assert "There is no admin user or no main group yet" in findings(Verdict.HINT)


def test_model_providers_are_named_and_a_missing_key_is_bad(settings: Settings) -> None:
    settings.AGENT_RUNTIME = "process"
    ModelProvider.objects.create(name="ours", base_url="https://host/api", credentials={"key": "sk-of-ours"})
    ModelProvider.objects.create(name="theirs", credentials={"key": "env:NOT_SET_ANYWHERE"})
    pool.forget()

    assert "Model calls go to https://host/api with the key of ours." in findings(Verdict.GOOD)
    assert "The key of the provider theirs is missing" in findings(Verdict.BAD)
    pool.forget()


@pytest.mark.usefixtures("own_connection")
def test_redis_that_is_away_is_bad(settings: Settings) -> None:
    settings.EMBEDDED_REDIS, settings.REDIS_URL = False, "unix:///nowhere/redis.sock"
    assert "Redis does not answer" in findings(Verdict.BAD)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_docker_that_is_demanded_and_missing_is_bad(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    settings.AGENT_RUNTIME = "docker"
    assert "No Docker engine answers. AGENT_RUNTIME=docker needs it." in findings(Verdict.BAD)
    settings.AGENT_RUNTIME = "process"
    assert "No Docker engine answers." in findings(Verdict.HINT)
    gc.collect()  # the Docker SDK forgets the socket of a refused connection; not another test's trouble


@pytest.mark.docker
def test_an_oci_runtime_that_the_engine_does_not_know_is_bad(settings: Settings) -> None:
    if selection.docker_missing():
        pytest.skip("skipped because Docker is missing")
    settings.AGENT_OCI_RUNTIME = "runc"
    assert selection.oci_runtime_missing() == ""
    settings.AGENT_OCI_RUNTIME = "no-such-runtime"
    assert "The Docker engine has no OCI runtime no-such-runtime" in findings(Verdict.BAD)
    assert "runc" in findings(Verdict.BAD)


def test_a_mount_allowlist_with_a_mistake_is_bad(settings: Settings, tmp_path: Path) -> None:
    settings.MOUNT_ALLOWLIST = tmp_path / "allow.json"
    assert "mount allowlist" not in findings(Verdict.BAD) + findings(Verdict.GOOD)
    settings.MOUNT_ALLOWLIST.write_text('{"allowedRoots": [{"path": "/nowhere-at-all"}]}')
    assert "/nowhere-at-all does not exist" in findings(Verdict.HINT)
    settings.MOUNT_ALLOWLIST.write_text("{")
    assert "is broken" in findings(Verdict.BAD)


def test_failed_channel_is_bad_and_says_why() -> None:
    channel = Channel.objects.create(platform="telegram", name="bot")
    channel.mark_status(Channel.Status.FAILED, "The token was revoked.")
    assert "The channel bot (telegram) is failed. The token was revoked." in findings(Verdict.BAD)


def test_wrong_setting_is_bad(settings: Settings) -> None:
    settings.BIND, settings.DEBUG = "0.0.0.0:8000", True
    assert "NGB_DEBUG is on" in findings(Verdict.BAD)


def test_exit_code_says_whether_something_is_broken(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    settings.AGENT_RUNTIME = "process"
    call_command("doctor")
    settings.BIND = "nonsense"
    with pytest.raises(SystemExit) as ended:
        call_command("doctor")
    assert ended.value.code == 1
    assert "bad  NGB_BIND='nonsense': host:port is expected" in capsys.readouterr().out
