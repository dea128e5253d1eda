"""When a run is tried again, and when it was tried or has waited enough."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.agents.runs import retries
from apps.agents.runs.retries import Retry

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _delays(settings):
    settings.AGENT_RETRY_DELAYS = [5.0, 10.0, 20.0]


def test_attempts_follow_after_their_delays_until_the_last():
    tries = [retries.after_failure(attempt) for attempt in (1, 2, 3, 4)]
    assert tries == [Retry(5.0), Retry(10.0), Retry(20.0), None]


def test_without_delays_the_first_attempt_is_the_last(settings):
    settings.AGENT_RETRY_DELAYS = []
    assert retries.after_failure(1) is None


def test_a_lost_worker_costs_an_attempt_and_no_time():
    assert retries.after_lost_worker(3) == Retry(0, counts=True)
    assert retries.after_lost_worker(4) is None


@pytest.mark.parametrize(
    ("rule", "shortest", "longest"),
    [(retries.while_agents_are_away, 2.5, 7.5), (retries.while_money_is_spent, 24, 36)],
)
def test_waiting_for_agents_or_money_uses_up_no_attempt_and_lasts_a_day(rule, shortest, longest):
    now = timezone.now()
    waits = [rule(now - DAY + timedelta(seconds=1), now) for _ in range(50)]
    assert all(wait and shortest <= wait.delay_s <= longest and not wait.counts for wait in waits)
    assert len({wait.delay_s for wait in waits}) > 25
    assert rule(now - DAY, now) is None
