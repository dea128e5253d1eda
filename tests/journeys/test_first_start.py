"""A first start on a machine without a key and without Docker: the demo answers everywhere, and says what it is."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.journeys.service import Service, wait_until

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    data = tmp_path_factory.mktemp("first") / "data"
    data.mkdir()
    one = Service(data, AGENT_RUNTIME="process", AGENT_CONCURRENCY="2")
    one.manage("migrate", "--verbosity", "0")  # as a person does; other journeys get a copy of such tables
    with one:
        yield one


@pytest.fixture(scope="module")
def token(service: Service) -> str:
    return service.manage("createtoken", "test", "--scope", "admin")


def call(service: Service, token: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    request = urllib.request.Request(
        service.url + "/api/v1" + path,
        json.dumps(body).encode() if body is not None else None,
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        method=method,
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, json.loads(response.read() or b"null")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def test_it_is_ready_and_says_who_serves_and_why(service: Service) -> None:
    wait_until(lambda: service.get("/readyz")[0] == 200, what="the chat page's channel online")
    status, report = service.get("/readyz")

    assert (status, report["agent"]["name"], report["runtime"]["name"]) == (200, "demo", "process")
    assert "ANTHROPIC_API_KEY" in report["agent"]["why"]
    assert "password" in service.log


def test_ask_answers_on_standard_output(service: Service) -> None:
    assert "hello" in service.manage("ask", "main", "echo hello", "--wait", "60")


def test_ask_a_group_that_is_not_there_is_an_error_in_words(service: Service) -> None:
    assert service.manage("ask", "nowhere", "hello", check=False) == ""


def test_the_api_stores_runs_and_answers(service: Service, token: str) -> None:
    status, said = call(service, token, "POST", "/groups/main/messages", {"text": "echo from afar", "wait": 60})

    assert status == 200, said
    assert "from afar" in said["reply"]["text"]
    assert said["run"]["status"] == "succeeded"
    assert call(service, token, "GET", f"/runs/{said['run']['id']}")[1]["status"] == "succeeded"


def test_the_api_refuses_whoever_has_no_token(service: Service) -> None:
    assert call(service, "wrong", "GET", "/groups")[0] == 401


def test_a_group_made_by_a_command_works_at_once(service: Service, token: str) -> None:
    service.manage("addgroup", "family", "--trigger", "@Bob")

    assert "it works" in service.manage("ask", "family", "echo it works", "--wait", "60")


def test_the_timetable_fires_through_the_same_path(service: Service, token: str) -> None:
    def is_made() -> bool:
        """A moment that has passed before it is there is refused: a machine that stalls says another one."""
        soon = f"{datetime.now(UTC) + timedelta(seconds=3):%Y-%m-%dT%H:%M:%S}"
        task = {"group": "main", "prompt": "echo on time", "schedule_type": "once", "schedule_value": soon}
        return call(service, token, "POST", "/tasks", task)[0] in (200, 201)

    wait_until(is_made, 15, "a task")

    def answer() -> bool:
        found = call(service, token, "GET", "/groups/main/messages?limit=200")[1]
        return any(one["text"] == "on time" for one in found["items"] if one["direction"] == "out")

    wait_until(answer, 60, "the scheduled answer")
    runs = service.rows("list(Run.objects.filter(cause='schedule').values_list('status', flat=True))")
    assert runs == ["succeeded"]


def test_the_demo_calls_the_real_tools(service: Service) -> None:
    service.manage("ask", "main", "send greetings", "--wait", "60")

    assert service.rows("Message.objects.filter(direction='out', text='greetings').count()") == 1


def test_three_groups_share_two_places_and_nobody_is_dropped(service: Service, token: str) -> None:
    folders = ["one", "two", "three"]
    for folder in folders:
        service.manage("addgroup", folder)
    for folder in folders:
        call(service, token, "POST", f"/groups/{folder}/messages", {"text": "sleep 5", "wait": 0})

    wait_until(lambda: set(_statuses(service, folders)) == {"succeeded"}, 60, "the end of all runs")
    at_once = service.rows(
        "[Run.objects.filter(started_at__lte=run.started_at, finished_at__gt=run.started_at).count()"
        " for run in Run.objects.filter(session__group__folder__in=['one', 'two', 'three'])]"
    )
    assert max(at_once) == 2


def _statuses(service: Service, folders: list[str]) -> Any:
    return service.rows(
        f"list(Run.objects.filter(session__group__folder__in={folders}).values_list('status', flat=True))"
    )
