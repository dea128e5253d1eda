"""Who may come in, and how far."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from apps.schedules.services import create_task
from tests.api.support import JSON, client, person, url

pytestmark = pytest.mark.django_db(transaction=True)


ROUTES = [
    ("get", "status"),
    ("get", "groups"),
    ("post", "groups"),
    ("get", "groups/family"),
    ("patch", "groups/family"),
    ("get", "groups/family/messages"),
    ("post", "groups/family/messages"),
    ("get", "runs/1"),
    ("get", "tasks"),
    ("post", "tasks"),
    ("get", "tasks/1"),
    ("post", "tasks/1/pause"),
    ("post", "tasks/1/resume"),
    ("post", "tasks/1/run"),
    ("delete", "tasks/1"),
    ("get", "openapi.json"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nobody_comes_in_without_credentials(method, path):
    answer = getattr(Client(), method)(url(path), content_type=JSON)
    assert answer.status_code == 401
    assert "Credentials are missing" in answer.json()["detail"]
    assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer ", "Bearer \udcff", "Basic YTpi", "nonsense"])
def test_a_wrong_token_is_refused(header):
    answer = Client(headers={"authorization": header}).get(url("groups"))
    assert answer.status_code == 401


def test_every_route_is_in_that_list():
    from apps.api.api import api

    paths = api.get_openapi_schema()["paths"]
    declared = {(verb, path.removeprefix("/api/v1/")) for path, verbs in paths.items() for verb in verbs}
    named = {
        (verb, path.replace("family", "{folder}").replace("runs/1", "runs/{run_id}").replace("/1", "/{task_id}"))
        for verb, path in ROUTES
    }
    assert declared == named - {("get", "openapi.json")}


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if route[0] != "get"])
def test_a_reader_does_not_write(family, method, path):
    answer = getattr(client("read"), method)(url(path), content_type=JSON, data={})
    assert answer.status_code == 403
    assert "needs the scope" in answer.json()["detail"]


@pytest.mark.parametrize(("method", "path"), [("post", "groups"), ("patch", "groups/family")])
def test_a_writer_does_not_change_groups(family, method, path):
    assert getattr(client("write"), method)(url(path), content_type=JSON, data={}).status_code == 403


def test_each_scope_includes_the_ones_before_it(family):
    assert client("write").get(url("groups")).status_code == 200
    assert client("admin").get(url("groups")).status_code == 200
    assert client("admin").post(url("tasks"), content_type=JSON, data={}).status_code == 422


def test_a_restricted_token_sees_its_group_only(family, work):
    program = client("admin", groups=(family,))
    assert [group["folder"] for group in program.get(url("groups")).json()["items"]] == ["family"]
    assert program.get(url("groups/family")).status_code == 200
    assert program.get(url("groups/office")).status_code == 404
    assert program.get(url("groups/office/messages")).status_code == 404
    assert program.post(url("groups/office/messages"), content_type=JSON, data={"text": "hi"}).status_code == 404
    assert program.patch(url("groups/office"), content_type=JSON, data={"name": "x"}).status_code == 404
    assert program.post(url("groups"), content_type=JSON, data={"folder": "new"}).status_code == 403


def test_a_person_with_a_session_may_what_the_admin_allows(family):
    browser = Client()
    browser.force_login(person("view_message", "add_message"))
    assert browser.get(url("groups")).status_code == 200
    assert browser.post(url("tasks"), content_type=JSON, data={}).status_code == 422
    assert browser.patch(url("groups/family"), content_type=JSON, data={}).status_code == 403


def test_a_person_changes_no_timetable_and_makes_no_group_that_the_admin_would_not_let_them(family):
    hourly = {"group": "family", "prompt": "hi", "schedule_type": "interval", "schedule_value": "1h"}
    task = create_task(**hourly | {"group": family})
    writer, browser = person("view_message", "add_message", "change_group"), Client()
    browser.force_login(writer)
    pause = url(f"tasks/{task.pk}/pause")
    asked = [(url("tasks"), hourly), (pause, {}), (url("groups"), {"folder": "office"})]
    assert [browser.post(path, body, JSON).status_code for path, body in asked] == [403, 403, 403]
    assert client("write").post(pause).status_code == 200

    needed = ("add_scheduledtask", "change_scheduledtask", "add_group")
    writer.user_permissions.add(*Permission.objects.filter(codename__in=needed))
    assert [browser.post(path, body, JSON).status_code for path, body in asked] == [201, 200, 201]


def test_a_session_without_the_admin_is_no_way_in():
    browser = Client()
    browser.force_login(person("view_message", is_staff=False))
    assert browser.get(url("groups")).status_code == 401


def test_a_session_needs_the_csrf_token_to_write(family):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(person(is_superuser=True))
    refused = browser.patch(url("groups/family"), {"name": "Us"}, JSON)
    assert (refused.status_code, "CSRF" in refused.json()["detail"]) == (403, True)
    browser.cookies["csrftoken"] = "a" * 32
    allowed = browser.patch(url("groups/family"), {"name": "Us"}, JSON, headers={"X-CSRFToken": "a" * 32})
    assert allowed.status_code == 200
