import multiprocessing
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from nanogridbot import env


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the variable X."""
    return lambda value: monkeypatch.setenv("X", value)


def test_text_is_stripped_and_empty_means_default(say: Callable[[str], None]) -> None:
    assert env.text("X", "default") == "default"
    say("  ")
    assert env.text("X", "default") == "default"
    say(" value ")
    assert env.text("X", "default") == "value"


def test_secret_comes_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("from the file\n")
    monkeypatch.setenv("X_FILE", str(tmp_path / "x"))
    assert env.text("X") == "from the file"


def test_file_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("X_FILE", str(tmp_path / "missing"))
    with pytest.raises(ImproperlyConfigured, match=r"X_FILE=.*missing cannot be read"):
        env.text("X")


def test_file_that_is_no_text_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xff\xfe\x00")
    monkeypatch.setenv("X_FILE", str(tmp_path / "x"))
    with pytest.raises(ImproperlyConfigured, match="is no text file"):
        env.text("X")


@pytest.mark.parametrize(("value", "meaning"), [("1", True), ("Yes", True), ("on", True), ("0", False), ("No", False)])
def test_flag(say: Callable[[str], None], value: str, meaning: bool) -> None:
    say(value)
    assert env.flag("X", default=not meaning) is meaning


def test_flag_that_is_neither_is_refused(say: Callable[[str], None]) -> None:
    say("maybe")
    with pytest.raises(ImproperlyConfigured, match="X='maybe' is neither yes nor no"):
        env.flag("X")


def test_number(say: Callable[[str], None]) -> None:
    say("2.5")
    assert env.number("X", 1) == 2.5


@pytest.mark.parametrize(
    ("value", "sentence"),
    [("many", "not a number"), ("nan", "not a number"), ("inf", "not a number"), ("-1", "at least 0")],
)
def test_bad_number_is_refused(say: Callable[[str], None], value: str, sentence: str) -> None:
    say(value)
    with pytest.raises(ImproperlyConfigured, match=sentence):
        env.number("X", 1)


def test_integer(say: Callable[[str], None]) -> None:
    say("8")
    assert env.integer("X", 1) == 8
    say("8.5")
    with pytest.raises(ImproperlyConfigured, match="not a whole number"):
        env.integer("X", 1)


def test_numbers(say: Callable[[str], None]) -> None:
    say("5, 10,0.5")
    assert env.numbers("X", "1") == [5, 10, 0.5]
    for bad in ("5,soon", "5,-1", "nan", "inf"):
        say(bad)
        with pytest.raises(ImproperlyConfigured, match="numbers with commas"):
            env.numbers("X", "1")


def test_ports(say: Callable[[str], None]) -> None:
    assert env.ports("X", "80,443") == [80, 443]
    for bad in ("80.5", "0", "99999", "-1", "http", "²"):
        say(bad)
        with pytest.raises(ImproperlyConfigured, match="ports with commas"):
            env.ports("X", "80")


@pytest.mark.parametrize("value", ["http://127.0.0.1:8000", "https://bot.example.org/", "http://[::1]:80"])
def test_url_is_taken_without_its_last_slash(say: Callable[[str], None], value: str) -> None:
    assert env.url("X") == ""
    say(value)
    assert env.url("X") == value.rstrip("/")


@pytest.mark.parametrize("value", ["bot.example.org", "ftp://bot", "https://", "http://[::1", "https:/bot"])
def test_what_is_no_url_is_refused_without_being_repeated(say: Callable[[str], None], value: str) -> None:
    say(value)
    with pytest.raises(ImproperlyConfigured) as refusal:
        env.url("X")
    assert str(refusal.value) == "X is no address that begins with http:// or https://"


def test_url_of_a_socket(say: Callable[[str], None]) -> None:
    say("unix:///run/redis.sock")
    assert env.url("X", schemes=("redis", "unix")) == "unix:///run/redis.sock"
    say("unix://")
    with pytest.raises(ImproperlyConfigured, match=r"redis:// or unix://"):
        env.url("X", schemes=("redis", "unix"))


def test_timezone(say: Callable[[str], None]) -> None:
    assert env.timezone("X", "UTC") == "UTC"
    say("Asia/Shanghai")
    assert env.timezone("X", "UTC") == "Asia/Shanghai"
    say("Mars/Base")
    with pytest.raises(ImproperlyConfigured, match="'Mars/Base' is no time zone"):
        env.timezone("X", "UTC")


def test_choice(say: Callable[[str], None]) -> None:
    say("json")
    assert env.choice("X", "console", ("console", "json")) == "json"
    say("xml")
    with pytest.raises(ImproperlyConfigured, match="one of console, json"):
        env.choice("X", "console", ("console", "json"))


def test_words(say: Callable[[str], None]) -> None:
    say("a, b,,c ")
    assert env.words("X") == ["a", "b", "c"]


def test_directory_is_made_for_its_owner_only(say: Callable[[str], None], tmp_path: Path) -> None:
    say(str(tmp_path / "deep" / "data"))
    assert stat.S_IMODE(env.directory("X", tmp_path).stat().st_mode) == 0o700


def test_directory_that_cannot_be_made_is_said(say: Callable[[str], None], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    say(str(tmp_path / "file" / "data"))
    with pytest.raises(ImproperlyConfigured, match="cannot be made: Not a directory"):
        env.directory("X", tmp_path)


def test_secret_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    secret = env.kept_secret(path)
    assert len(secret) >= env.MIN_SECRET_LENGTH
    assert env.kept_secret(path) == secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["secret_key"]


def test_processes_that_start_together_get_one_secret(tmp_path: Path) -> None:
    with multiprocessing.get_context("fork").Pool(8) as pool:
        secrets = pool.map(env.kept_secret, [tmp_path / "secret_key"] * 32, chunksize=1)
    assert len(set(secrets)) == 1


def test_empty_secret_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret_key").touch()
    with pytest.raises(ImproperlyConfigured, match="is empty"):
        env.kept_secret(tmp_path / "secret_key")


@pytest.mark.parametrize(
    ("bind", "parts"), [("127.0.0.1:8000", ("127.0.0.1", 8000)), ("[::1]:80", ("::1", 80)), ("bot:1", ("bot", 1))]
)
def test_bind_is_split(bind: str, parts: tuple[str, int]) -> None:
    assert env.split_bind(bind) == parts


@pytest.mark.parametrize("bind", ["", "8000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", ":8000", "x:99999"])
def test_bad_bind_is_refused(bind: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="host:port is expected"):
        env.split_bind(bind)


LONG, SHORT = "x" * 32, "x" * 31


@pytest.mark.parametrize("bind", ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1"])
def test_loopback_may_be_listened_on_always(bind: str) -> None:
    assert env.unsafe_bind(bind, debug=True, secret="") == ""


@pytest.mark.parametrize("bind", ["0.0.0.0:1", "[::]:1", "192.168.1.2:1", "bot.example.org:1"])
def test_other_addresses_need_a_secret_and_no_debug(bind: str) -> None:
    assert env.unsafe_bind(bind, debug=False, secret=LONG) == ""
    assert "NGB_DEBUG" in env.unsafe_bind(bind, debug=True, secret=LONG)
    assert "NGB_SECRET_KEY" in env.unsafe_bind(bind, debug=False, secret=SHORT)
