"""Waits double up to their bound, differ from each other, and begin again once something works."""

import pytest

from apps.events.backoff import Backoff, doubled, jittered


def test_waits_double_up_to_the_longest():
    assert [doubled(0.5, 30, times) for times in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]


@pytest.mark.parametrize("times", [10_000, 10**9])
def test_a_number_without_end_is_still_a_wait(times):
    assert doubled(2, 600, times) == 600


def test_what_has_not_failed_yet_waits_the_shortest():
    assert doubled(2, 600, -1) == doubled(2, 600, 0) == 2


def test_jitter_stays_between_its_factors_and_differs():
    waits = {jittered(10, 0.8, 1.2) for _ in range(200)}
    assert all(8 <= wait <= 12 for wait in waits)
    assert len(waits) > 100


def test_tries_in_a_row_wait_longer_and_longer_until_one_works():
    backoff = Backoff(1, 8)
    for longest in (1, 2, 4, 8, 8):
        assert longest / 2 <= backoff.next() <= longest
        assert backoff.last == longest
    backoff.reset()
    assert backoff.last == 0
    assert backoff.next() <= 1
