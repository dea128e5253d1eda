import pytest

from apps.platforms.base import Rate
from apps.platforms.outbound.rates import Bucket

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_bucket_lets_its_count_through_at_once_and_the_rest_in_step():
    now = [100.0]
    bucket = Bucket(Rate(3, 6), clock=lambda: now[0])

    assert [bucket.delay() for _ in range(5)] == [0, 0, 0, 2, 4]
    now[0] += 100
    assert bucket.delay() == 0
