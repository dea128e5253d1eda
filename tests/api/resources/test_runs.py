import pytest

from apps.agents.models import Run
from apps.agents.services import session_for
from tests.api.support import JSON, MESSAGES, client, url

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_server")]


def test_a_run_of_another_group_does_not_exist_for_a_restricted_token(family, work):
    run = client("write").post(MESSAGES, {"text": "hello"}, JSON).json()["run"]["id"]
    assert client("read", groups=(family,)).get(url(f"runs/{run}")).status_code == 200
    assert client("read", groups=(work,)).get(url(f"runs/{run}")).status_code == 404
    assert client("read").get(url("runs/999999")).status_code == 404


def test_a_run_is_read_with_its_steps_in_order(family):
    run = Run.objects.create(session=session_for(family), cause="request", status="failed", error="The key is wrong.")
    for seq, summary in [(2, "wrote it down"), (1, "looked it up")]:
        run.steps.create(seq=seq, kind="tool", summary=summary)

    told = client("read").get(url(f"runs/{run.pk}")).json()

    assert (told["group"], told["status"], told["error"]) == ("family", "failed", "The key is wrong.")
    assert [step["summary"] for step in told["steps"]] == ["looked it up", "wrote it down"]


def test_a_run_is_told_of_by_a_number_that_there_is(family):
    answer = client("read").get(url("runs/7"))
    assert (answer.status_code, answer.json()["detail"]) == (404, "There is no run 7.")
    assert client("read").get(url("runs/seven")).status_code == 422
