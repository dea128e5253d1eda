"""What follows from what a group's folders take."""

import shutil
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from apps.agents.errors import PermanentAgentError, QuotaError
from apps.agents.models import Run
from apps.agents.runs.execution import execute
from apps.agents.sandbox import disk_quota, disk_usage
from apps.agents.sandbox.disk_usage import Size
from apps.chats.models import Incident, Sender
from apps.chats.workspace.folders import workspace
from tests.agents.sandbox.support import MIB, fill
from tests.waiting import leave_midnight_behind, until


@pytest.fixture(autouse=True)
def _nothing_known(settings: Settings) -> Iterator[None]:
    # What an earlier test's last turn left to be measured comes first, or it would be known of this test's group.
    disk_quota._pool().shutdown()
    disk_quota._pool.cache_clear()
    disk_quota._known.clear()
    _remove_folders(settings)
    yield
    _remove_folders(settings)


def _remove_folders(settings: Settings) -> None:
    for place in (settings.GROUPS_DIR, settings.SESSIONS_DIR):
        shutil.rmtree(place / "team", ignore_errors=True)


@pytest.mark.parametrize(
    ("size", "sentence"),
    [
        (Size(17 * MIB, 5), "takes 17 MiB, more than its quota of 16 MiB"),
        (Size(17 * MIB, 5, whole=False), "at least 17 MiB"),
        (Size(5, 5, whole=False, trouble="it is odd"), "it is odd"),
        (Size(16 * MIB, 5), ""), (Size(5, 5, whole=False), ""),
    ],
)  # fmt: skip
def test_what_is_too_much(group, size, sentence):
    group.disk_quota_mb = 16
    said = disk_quota.excess(group, size)
    assert sentence in said if sentence else said == ""


def test_a_full_folder_refuses_the_run_for_good_with_a_sentence_until_it_is_tidied(group, say, replies):
    group.disk_quota_mb = 16
    group.save()
    fill(workspace(group) / "big", 20)
    run = say("hello")
    execute(run.pk)
    run.refresh_from_db()
    assert (run.status, run.attempt) == (Run.Status.FAILED, 1)
    assert [reply.startswith("⚠️ I could not answer: The group's folder takes 20 MiB") for reply in replies()] == [True]

    (workspace(group) / "big").unlink()
    again = say("hello")
    execute(again.pk)
    again.refresh_from_db()
    assert again.status == Run.Status.SUCCEEDED


def test_a_refused_chat_is_told_once_a_day_what_takes_the_room(group, say, replies, monkeypatch):
    group.disk_quota_mb = 16
    group.save()
    leave_midnight_behind()
    (workspace(group) / "films_").mkdir()
    fill(workspace(group) / "films_" / "one", 18)
    fill(workspace(group) / "letters", 2)
    for _ in range(2):
        execute(say("hello").pk)
    assert len(replies()) == 1
    assert r"The largest in it: films\_ (18 MiB), letters (2 MiB). An admin may ask me to tidy up." in replies()[0]
    assert Run.objects.filter(status=Run.Status.FAILED).count() == 2

    tomorrow = timezone.now() + timedelta(days=1)
    run = say("and now?")
    monkeypatch.setattr(timezone, "now", lambda: tomorrow)
    execute(run.pk)
    assert len(replies()) == 2


def caller(run: Run, access: Sender.Access) -> set[int | None]:
    assert run.chat
    return {Sender.objects.create(channel=run.chat.channel, external_id=access, access=access).pk}


def test_an_admin_may_call_where_others_are_refused_and_may_not_let_it_grow(group, say):
    group.disk_quota_mb = 16
    run = say("tidy up")
    run.session.group = group
    fill(workspace(group) / "big", 20)
    with pytest.raises(QuotaError, match="20 MiB, more than its quota"):
        disk_quota.Watch(run).admit(caller(run, Sender.Access.ALLOWED))
    run.callers = frozenset()
    watch = disk_quota.Watch(run)
    watch.admit(caller(run, Sender.Access.ADMIN))
    assert "big (20 MiB)" in watch.note
    look_for(watch, 0.3)
    until(lambda: watch._pending is None or watch._pending.done())
    fill(workspace(group) / "more", 20)
    with pytest.raises(PermanentAgentError, match="40 MiB, more than its quota"):
        look_for(watch, 30)


def test_an_admin_and_somebody_else_are_refused_together(group, say):
    group.disk_quota_mb = 16
    run = say("tidy up")
    run.session.group = group
    fill(workspace(group) / "big", 20)
    with pytest.raises(QuotaError):
        disk_quota.Watch(run).admit(caller(run, Sender.Access.ADMIN) | caller(run, Sender.Access.ALLOWED))


def test_what_cannot_be_measured_whole_is_not_left_to_an_admin_either(group, say, monkeypatch):
    monkeypatch.setattr(disk_usage, "MAX_FILES", 0)
    run = say("tidy up")
    with pytest.raises(QuotaError, match="cannot be measured"):
        disk_quota.Watch(run).admit(caller(run, Sender.Access.ADMIN))


def test_what_is_known_to_be_little_is_not_measured_before_a_turn(group, say):
    found = disk_quota.measured(group)
    fill(workspace(group) / "big", 20)
    run = say("hello")
    run.session.group.disk_quota_mb = 16
    disk_quota.Watch(run).admit({None})  # would raise
    assert disk_quota.known(group) is found


def test_a_turn_that_fills_the_disk_is_ended_by_a_look(group, say, monkeypatch):
    group.disk_quota_mb = 16
    run = say("hello")
    run.session.group = group
    disk_quota.Watch(run).admit({None})
    watch = disk_quota.Watch(run)
    fill(workspace(group) / "big", 20)
    with pytest.raises(PermanentAgentError, match="more than its quota"):
        look_for(watch, 30)
    assert Incident.objects.get(kind="disk quota").subject == "team"


def look_for(watch: disk_quota.Watch, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        watch._looked = watch._due = 0.0
        watch.look()
        time.sleep(0.01)


def test_a_disk_that_is_nearly_full_ends_the_turn(group, say, monkeypatch):
    watch = disk_quota.Watch(say("hello"))
    monkeypatch.setattr(disk_quota, "RESERVE", 2**62)
    with pytest.raises(PermanentAgentError, match="nearly full"):
        watch.look()


def test_after_a_turn_that_took_too_much_an_incident_and_a_step_tell(group, say):
    group.disk_quota_mb = 16
    run = say("hello")
    run.session.group = group
    fill(workspace(group) / "big", 20)
    disk_quota._look_back(run)
    assert "more than its quota" in run.steps.get(kind="quota").summary
    assert Incident.objects.filter(kind="disk quota").count() == 1


@pytest.mark.docker
def test_an_agent_that_fills_its_folder_is_stopped_within_the_turn(group, say, sealed, replies, monkeypatch):
    from tests.fakes.messages_api import ToolUse

    group.disk_quota_mb = 64
    group.save()
    monkeypatch.setattr(disk_quota, "EVERY", 1.0)
    command = "for i in $(seq 100); do dd if=/dev/urandom of=f$i bs=1M count=8 2>/dev/null; sleep 0.1; done"
    sealed.script(ToolUse("Bash", {"command": command}))
    run = say("fill it")
    began = time.monotonic()
    execute(run.pk)
    run.refresh_from_db()
    assert (run.status, run.attempt) == (Run.Status.FAILED, 1)
    assert "more than its quota of 64 MiB" in run.error
    assert time.monotonic() - began < 60
