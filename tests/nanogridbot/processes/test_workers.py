"""The timetable in its thread: it ticks, it ends when asked, and its failure ends the worker."""

import os
import signal

import pytest

from nanogridbot.processes import workers
from nanogridbot.processes.workers import Timetable
from tests.waiting import until


class Scheduler:
    """Stands for beat's service: the real one needs a broker."""

    def __init__(self, *, broken=False):
        self.broken = broken
        self.started = self.stopped = False

    def start(self):
        if self.broken:
            raise OSError("the database is away")
        self.started = True

    def stop(self):
        self.stopped = True


@pytest.fixture
def signals(monkeypatch):
    sent = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append((pid, number)))
    return sent


def timetable(service):
    made = Timetable()
    made.service = service
    made.start()
    return made


def test_the_timetable_is_the_databases_and_runs_in_this_process():
    assert Timetable().service.scheduler_cls == "django_celery_beat.schedulers:DatabaseScheduler"
    assert Timetable().daemon


def test_a_timetable_that_is_stopped_is_waited_for(signals):
    service = Scheduler()
    thread = timetable(service)
    until(lambda: service.started)
    thread.stop()
    assert service.stopped
    assert not thread.is_alive()
    assert signals == []


def test_a_timetable_that_fails_ends_its_worker(signals, caplog):
    thread = timetable(Scheduler(broken=True))
    thread.join(30)
    assert signals == [(os.getpid(), signal.SIGTERM)]
    assert "the timetable has stopped" in caplog.text
    assert workers.SMALL_WORK_THREADS > 0
