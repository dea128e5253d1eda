"""A person stops a run at the moment in which a worker takes it."""

import threading

import pytest
from django.db import connection

from apps.agents import services
from apps.agents.models import Run

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_run_that_is_being_stopped_is_claimed_by_nobody(group, monkeypatch):
    run = services.request_run(group, chat=None, cause=Run.Cause.REQUEST, prompt="go")
    claimed: list[bool] = []

    def claim():
        claimed.append(Run.objects.get(pk=run.pk).claim("a worker"))
        connection.close()

    worker = threading.Thread(target=claim)
    cancel = Run.cancel

    def cancel_late(run, reason):
        worker.start()
        worker.join(0.5)
        cancel(run, reason)

    monkeypatch.setattr(Run, "cancel", cancel_late)
    services.stop_run(run)
    worker.join(60)

    assert (claimed, Run.objects.get(pk=run.pk).status) == ([False], Run.Status.CANCELLED)
