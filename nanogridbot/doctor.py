"""What is there and what is missing, in words."""

import importlib.util
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

import redis
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import checks
from django.db import DatabaseError, connection

from apps.agents.providers import pool
from apps.agents.sandbox import mount_allowlist
from apps.agents.sandbox.selection import chosen_agent, chosen_runtime, docker_missing, oci_runtime_missing
from apps.chats.models import Channel, Group
from apps.events import pubsub
from nanogridbot.processes import embedded_redis, lock
from nanogridbot.processes.bootstrap import missing_migrations

ENOUGH_SPACE = 1_000_000_000  # bytes


class Verdict(Enum):
    GOOD = "ok"
    HINT = "hint"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    verdict: Verdict
    sentence: str


def examine() -> Iterator[Finding]:
    """Every part, the needed ones first; a part that cannot even be asked is bad."""
    parts: list[Callable[[], Iterator[Finding]]] = [
        _python, _settings, _data_directory, _database, _redis, _service, _containers, _mounts, _agent, _channels,
    ]  # fmt: skip
    for part in parts:
        try:
            yield from part()
        except DatabaseError:
            continue  # the database's own part has said it


def _good(sentence: str) -> Finding:
    return Finding(Verdict.GOOD, sentence)


def _hint(sentence: str) -> Finding:
    return Finding(Verdict.HINT, sentence)


def _bad(sentence: str) -> Finding:
    return Finding(Verdict.BAD, sentence)


# A connection that is lost may come back by itself: not broken, and not well.
VERDICTS = {Channel.Status.FAILED.value: _bad, Channel.Status.RETRYING.value: _hint}


def _python() -> Iterator[Finding]:
    yield _good(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}.")
    if sys.platform != "linux":
        yield _hint("Only on Linux a killed `up` is sure to take its processes with it.")


def _settings() -> Iterator[Finding]:
    messages = checks.run_checks()
    for message in messages:
        words = f"{message.msg} {message.hint or ''}".strip()
        yield _bad(words) if message.is_serious() else _hint(words)
    if not messages:
        yield _good("The settings fit together.")


def _data_directory() -> Iterator[Finding]:
    free = shutil.disk_usage(settings.DATA_DIR).free
    sentence = f"The data directory is {settings.DATA_DIR}, with {free / 1e9:.1f} GB free."
    yield _good(sentence) if free > ENOUGH_SPACE else _bad(sentence)


def _database() -> Iterator[Finding]:
    try:
        missing = missing_migrations()
    except DatabaseError as error:
        yield _bad(f"The database ({connection.vendor}) does not answer: {str(error).splitlines()[0]}.")
        return
    if missing:
        yield _bad(f"The database ({connection.vendor}) misses {len(missing)} migrations: run `manage.py migrate`.")
    else:
        yield _good(f"The database ({connection.vendor}) answers and has its tables.")


def _redis() -> Iterator[Finding]:
    if settings.EMBEDDED_REDIS:
        try:
            yield _good(f"`up` starts its own Redis: {embedded_redis.find_server()}.")
        except embedded_redis.RedisMissingError as error:
            yield _bad(str(error))
        return
    try:
        pubsub.connection().ping()
        yield _good("Redis answers.")
    except redis.RedisError as error:
        yield _bad(f"Redis does not answer: {error}.")


def _service() -> Iterator[Finding]:
    holder = lock.holder(settings.RUN_DIR / "up.lock")
    yield _good(f"`up` is running (process {holder}).") if holder else _hint("`up` is not running.")


def _containers() -> Iterator[Finding]:
    missing = docker_missing()
    if not missing:
        yield _good(f"A Docker engine answers and has the image {settings.AGENT_IMAGE}.")
        if unknown := oci_runtime_missing():
            yield _bad(unknown)
    elif settings.AGENT_RUNTIME == "docker":
        yield _bad(f"{missing} AGENT_RUNTIME=docker needs it.")
    else:
        yield _hint(f"{missing} Agents run as processes, without tools of their own.")


def _mounts() -> Iterator[Finding]:
    if not settings.MOUNT_ALLOWLIST.exists():
        return  # most installations give no folder of the host to anybody
    try:
        found = mount_allowlist.read()
    except mount_allowlist.AllowlistError as error:
        yield _bad(f"{error} No additional folder is mounted.")
        return
    yield _good(f"The mount allowlist names {len(found.roots)} folders of the host.")
    for problem in found.problems:
        yield _hint(problem)


def _agent() -> Iterator[Finding]:
    agent = chosen_agent()
    if agent.name == "demo":
        yield _hint(f"The demo agent answers. {agent.why}")
        return
    yield _good(f"Claude answers. {agent.why}")
    for provider in pool.enabled():
        if provider.trouble:
            yield _bad(provider.trouble)
        elif provider.is_resting:
            yield _hint(f"The model provider {provider.name} rests after failures; the admin says which.")
        else:
            yield _good(f"Model calls go to {provider.place} with the key of {provider.name}.")
    if chosen_runtime().name == "process" and not importlib.util.find_spec("claude_agent_sdk"):
        yield _bad("Claude without Docker needs the Claude Agent SDK on this machine: run `make agent`.")


def _channels() -> Iterator[Finding]:
    if not get_user_model().objects.filter(is_superuser=True).exists() or not Group.objects.filter(is_main=True):
        yield _hint("There is no admin user or no main group yet: the first `up` makes them, or `manage.py bootstrap`.")
    for channel in Channel.objects.filter(enabled=True):
        sentence = f"The channel {channel} is {channel.status}. {channel.status_detail}".strip()
        yield VERDICTS.get(channel.status, _good)(sentence)
