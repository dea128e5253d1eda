"""A run belongs to who claimed it, and has its conversation as the last run left it, however late that ended."""

import pytest

from apps.agents.models import Run, Session
from apps.agents.services import request_run
from apps.chats.models import Group

pytestmark = pytest.mark.django_db


def as_its_worker_read_it(group: Group) -> Run:
    run = request_run(group, chat=None, cause=Run.Cause.SCHEDULE, prompt="go")
    return Run.objects.select_related("session__group").get(pk=run.pk)


def test_a_conversation_that_was_begun_after_the_run_was_read_goes_on(group):
    run = as_its_worker_read_it(group)
    Session.objects.update(sdk_session_id="begun-just-now")

    assert run.claim("a worker")
    assert run.session.sdk_session_id == "begun-just-now"


def test_a_conversation_that_is_known_is_not_asked_for_again(group, django_assert_num_queries):
    Session.objects.create(group=group, key="group", sdk_session_id="known")
    run = as_its_worker_read_it(group)

    with django_assert_num_queries(1):
        assert run.claim("a worker")
    assert run.session.sdk_session_id == "known"


def test_whoever_lost_the_run_can_neither_renew_nor_end_it(group):
    lost = as_its_worker_read_it(group)
    assert lost.claim("a worker")
    assert lost.renew()
    Run.objects.filter(pk=lost.pk).update(worker="another")

    assert (lost.renew(), lost.finish(Run.Status.SUCCEEDED), lost.requeue("no", 0)) == (False, False, False)
    assert lost.was_taken_over()
    assert Run.objects.get(pk=lost.pk).status == Run.Status.RUNNING


def test_an_attempt_that_does_not_count_is_taken_back_and_known_to_have_begun(group):
    run = as_its_worker_read_it(group)
    assert run.claim("a worker")
    assert (run.attempt, run.begun_before) == (1, False)

    assert run.requeue("The service is being stopped.", 0, counts=False)
    again = Run.objects.get(pk=run.pk)
    assert again.claim("another")
    assert (again.attempt, again.begun_before) == (1, True)
