"""The Celery workers, one of them with the timetable."""

import logging
import os
import signal
import socket
import threading
import warnings

from celery.beat import Service
from celery.exceptions import CPendingDeprecationWarning
from celery.platforms import SecurityWarning
from celery.signals import worker_ready
from django.conf import settings

from nanogridbot.celery import app
from nanogridbot.processes.child import say_ready

logger = logging.getLogger(__name__)

SMALL_WORK_THREADS = 2  # the default queue: sweeps, timetable, retention


def run_agents() -> None:
    """One thread for each run at a time; SIGTERM lets the turns in progress end."""
    _work("agents", threads=settings.AGENT_CONCURRENCY)


def run_default() -> None:
    """The default queue, and beat: there must be only one of it."""
    timetable = Timetable()
    timetable.start()
    try:
        _work("default", threads=SMALL_WORK_THREADS)
    finally:
        timetable.stop()


class Timetable(threading.Thread):
    """Beat in a thread. Celery would fork a process for it, which a killed worker leaves behind."""

    def __init__(self) -> None:
        super().__init__(name="beat", daemon=True)
        self.service = Service(app, scheduler_cls=app.conf.beat_scheduler, remote_control=False)

    def run(self) -> None:
        try:
            self.service.start()
        except Exception:
            logger.exception("the timetable has stopped; this worker ends, and is started again with a new one")
            os.kill(os.getpid(), signal.SIGTERM)

    def stop(self) -> None:
        """Writes down what has run; waits no longer than a tick takes."""
        self.service.stop()
        self.join(app.conf.beat_max_loop_interval + 1)


def _work(queue: str, *, threads: int) -> None:
    os.environ["CELERY_SKIP_CHECKS"] = "1"  # `up` has made them, before the fork
    warnings.simplefilter("ignore", SecurityWarning)  # root is warned of pickled messages; ours are JSON
    # At each loss of Redis it foretells what Celery 6 will do.
    warnings.simplefilter("ignore", CPendingDeprecationWarning)
    worker_ready.connect(lambda **_: say_ready(), weak=False)
    worker = app.Worker(
        hostname=f"{queue}@{socket.gethostname()}",
        queues=[queue],
        pool="threads",
        concurrency=threads,
        loglevel=settings.LOG_LEVEL,
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    worker.start()
    raise SystemExit(worker.exitcode or 0)
