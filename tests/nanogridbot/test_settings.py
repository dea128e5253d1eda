"""The settings in processes of their own, which read another environment."""

import subprocess
import sys

from tests.environment import ROOT, service_environment

CHECK = ("check", "--deploy", "--fail-level", "WARNING")


def manage(data_dir, *words, **environment):
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=service_environment(data_dir, **environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def value_of(name, data_dir, **environment):
    """What the setting is, as Python writes it."""
    program = f"from django.conf import settings; print(repr(settings.{name}))"
    shown = manage(data_dir, "shell", "--no-imports", "-c", program, DATABASE_URL="", **environment)
    assert shown.returncode == 0, shown.stderr
    return shown.stdout.strip()


def test_settings_behind_https_are_fit_for_production(tmp_path):
    result = manage(tmp_path, *CHECK, NGB_BASE_URL="https://bot.example.org", NGB_TRUST_PROXY="yes")
    assert result.returncode == 0, result.stderr


def test_settings_without_https_are_not(tmp_path):
    result = manage(tmp_path, *CHECK)
    assert result.returncode == 1
    assert "SECURE_SSL_REDIRECT" in result.stderr


def test_a_redis_on_a_socket_is_the_broker_too(tmp_path):
    """Celery has a word of its own for it, and would take `unix` for a host of RabbitMQ."""
    broker = value_of("CELERY_BROKER_URL", tmp_path, REDIS_URL="unix:///run/redis.sock")
    assert broker == "'redis+socket:///run/redis.sock'"


def test_without_a_redis_the_embedded_one_has_a_socket_below_the_data(tmp_path):
    assert value_of("EMBEDDED_REDIS", tmp_path) == "True"
    assert value_of("REDIS_URL", tmp_path) == f"'unix://{tmp_path}/run/redis.sock'"


def test_the_path_of_a_socket_is_never_longer_than_the_kernel_takes(tmp_path):
    deep = tmp_path / ("deep" * 25)
    assert len(value_of("REDIS_SOCKET.as_posix()", deep).strip("'")) < 108


def test_the_key_made_at_the_first_start_serves_the_next(tmp_path):
    first = value_of("SECRET_KEY", tmp_path)
    assert value_of("SECRET_KEY", tmp_path) == first
    assert value_of("SECRET_KEY", tmp_path / "another") != first
