import pytest

from tests.api.support import JSON, MESSAGES, client, url

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_server")]


def test_a_run_of_another_group_does_not_exist_for_a_restricted_token(family, work):
    run = client("write").post(MESSAGES, {"text": "hello"}, JSON).json()["run"]["id"]
    assert client("read", groups=(family,)).get(url(f"runs/{run}")).status_code == 200
    assert client("read", groups=(work,)).get(url(f"runs/{run}")).status_code == 404
    assert client("read").get(url("runs/999999")).status_code == 404
