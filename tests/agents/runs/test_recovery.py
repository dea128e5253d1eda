"""What the sweep finds: runs whose worker died, and messages whose run is missing."""

from django.utils import timezone

from apps.agents.models import Run
from apps.agents.runs import execution, recovery
from apps.chats.models import Message
from tests.agents.support import finish


def test_a_run_whose_worker_died_is_queued_again_by_the_sweep(say, claude, replies):
    run = say("hello")
    dead = f"{execution.worker_name().split(':')[0]}:999999:1"
    assert run.claim(dead)

    recovery.requeue_abandoned()
    finish(run)

    assert (run.status, run.attempt) == (Run.Status.SUCCEEDED, 2)
    assert len(replies()) == 1


def test_a_living_worker_keeps_its_run_until_the_lease_ends(say, claude):
    run = say("hello")
    assert run.claim(execution.worker_name())
    recovery.requeue_abandoned()
    run.refresh_from_db()
    assert run.status == Run.Status.RUNNING
    Run.objects.update(lease_until=timezone.now())

    recovery.requeue_abandoned()

    run.refresh_from_db()
    assert run.status == Run.Status.QUEUED


def test_a_message_whose_run_is_missing_gets_one(say, claude, replies):
    say("hello").delete()
    Message.objects.update(created_at=timezone.now() - recovery.PATIENCE * 2)

    recovery.request_missing()
    recovery.request_missing()

    assert Run.objects.count() == 1
