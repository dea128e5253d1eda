"""The only file that knows django-celery-beat's tables.

Beat gets one entry for each slot: a one-off at that moment, by the slot's own name. Beat keeps what it fired in memory
and writes it back later, so an entry is never rewritten for the next slot; what is used up is removed later.
Beat is only the bell: which slot a ring belongs to is decided by the task's row.
"""

import json
from datetime import datetime, timedelta

from django.db import models, transaction
from django_celery_beat.models import ClockedSchedule, PeriodicTask

from apps.schedules.models import ScheduledTask

FIRE = "apps.schedules.tasks.fire"
KEPT_FOR = timedelta(hours=1)  # long after beat has written back that it fired the entry


@transaction.atomic
def mirror(task: ScheduledTask, now: datetime) -> None:
    """Beat rings at the task's next run, and not at what was planned before; it notices within its loop interval."""
    name = f"task {task.pk} at {task.next_run_at.isoformat()}" if task.next_run_at else ""
    planned = PeriodicTask.objects.filter(name__startswith=f"task {task.pk} at ")
    _remove(planned.filter(clocked__clocked_time__gt=now).exclude(name=name))
    if task.next_run_at and not planned.filter(name=name).exists():
        PeriodicTask.objects.create(
            name=name,
            task=FIRE,
            args=json.dumps([task.pk]),
            clocked=ClockedSchedule.objects.create(clocked_time=task.next_run_at),
            one_off=True,
            description=str(task),
        )


def remove_used(now: datetime) -> None:
    """Entries that rang long ago."""
    _remove(PeriodicTask.objects.filter(task=FIRE, clocked__clocked_time__lt=now - KEPT_FOR))


def _remove(entries: "models.QuerySet[PeriodicTask]") -> None:
    """With the moments they alone point to."""
    ClockedSchedule.objects.filter(pk__in=list(entries.values_list("clocked", flat=True))).delete()
