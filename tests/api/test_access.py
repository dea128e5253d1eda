"""Who may come in, and how far."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from apps.api import tokens
from apps.api.models import ApiToken
from apps.schedules.services import create_task
from tests.api.support import JSON, client, url

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


def test_only_the_hash_of_a_token_is_stored(family):
    row, secret = tokens.issue("ci", scopes=["read"])
    row.refresh_from_db()
    assert secret not in str(vars(row))
    assert tokens.find(secret) == row
    assert tokens.find(row.hash) is None


def test_an_expired_token_is_refused_and_a_valid_one_is_not():
    _, secret = tokens.issue("ci", scopes=["read"], expires_at=timezone.now() + timedelta(days=1))
    program = Client(headers={"authorization": f"Bearer {secret}"})
    assert program.get(url("groups")).status_code == 200
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    answer = program.get(url("groups"))
    assert (answer.status_code, answer.json()["detail"]) == (401, "This token is unknown or has expired.")


def test_the_last_use_is_seen():
    program = client("read")
    assert ApiToken.objects.get().last_used_at is None
    program.get(url("groups"))
    assert ApiToken.objects.get().last_used_at is not None


def test_a_restricted_token_sees_its_group_only(family, work):
    program = client("admin", groups=(family,))
    assert [group["folder"] for group in program.get(url("groups")).json()["items"]] == ["family"]
    assert program.get(url("groups/family")).status_code == 200
    assert program.get(url("groups/office")).status_code == 404
    assert program.get(url("groups/office/messages")).status_code == 404
    assert program.post(url("groups/office/messages"), content_type=JSON, data={"text": "hi"}).status_code == 404
    assert program.patch(url("groups/office"), content_type=JSON, data={"name": "x"}).status_code == 404
    assert program.post(url("groups"), content_type=JSON, data={"folder": "new"}).status_code == 403


def test_a_restricted_token_does_not_open_up_when_its_group_goes(family, work):
    program = client("read", groups=(family,))
    family.delete()
    assert program.get(url("groups")).json()["items"] == []


def person(*permissions: str, is_staff: bool = True, is_superuser: bool = False) -> User:
    user = User.objects.create_user("eva", is_staff=is_staff, is_superuser=is_superuser)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


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


def test_groups_that_are_chosen_without_the_tick_do_not_open_all_the_others(family):
    browser = Client()
    browser.force_login(person(is_superuser=True))
    form = {"name": "reports", "scopes": ["read"], "groups": [family.pk]}
    assert "Tick this as well" in browser.post("/admin/api/apitoken/add/", form).content.decode()
    assert not ApiToken.objects.exists()
    assert browser.post("/admin/api/apitoken/add/", form | {"restricted": "on"}).status_code == 302
    assert ApiToken.objects.get().restricted


def test_the_admin_shows_a_new_token_once(family):
    browser = Client()
    browser.force_login(person(is_superuser=True))
    form = {"name": "ci", "scopes": ["read"], "restricted": "on", "groups": [family.pk]}
    page = browser.post("/admin/api/apitoken/add/", form, follow=True).content.decode()
    row = ApiToken.objects.get()
    secret = page.partition("shown this once only: ")[2].split("<")[0].strip()
    assert tokens.find(secret) == row
    assert secret not in browser.get(f"/admin/api/apitoken/{row.pk}/change/").content.decode()
