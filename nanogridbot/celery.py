"""The Celery application; messages carry ids only."""

import os
import sys
from typing import Any

from celery import Celery, signals
from django.conf import settings
from django.db import connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nanogridbot.settings")

app = Celery("nanogridbot")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.set_default()  # also in threads that Celery did not start: apps send by `celery.current_app`
app.autodiscover_tasks()


@signals.setup_logging.connect  # type: ignore[untyped-decorator]
def keep_django_logging(**_kwargs: Any) -> None:
    """A receiver is enough: Celery then leaves logging as Django's settings made it."""


@signals.worker_init.connect  # type: ignore[untyped-decorator]
def hand_over_quickly(**_kwargs: Any) -> None:
    sys.setswitchinterval(settings.THREAD_SWITCH_INTERVAL)


@signals.task_prerun.connect  # type: ignore[untyped-decorator]
def leave_broken_connections(**_kwargs: Any) -> None:
    """A worker's thread keeps its connection between tasks; a database that was restarted gets a new one."""
    for connection in connections.all(initialized_only=True):
        if connection.connection is not None and not connection.in_atomic_block and not connection.is_usable():
            connection.close()
