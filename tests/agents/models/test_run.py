"""Who claims a run has its conversation as the last run left it, however late that ended."""

import pytest

from apps.agents.models import Run, Session
from apps.agents.services import request_run

pytestmark = pytest.mark.django_db


def as_its_worker_read_it(group):
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
