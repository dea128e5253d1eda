"""What is not a resource: the documentation, and what lies beside the routes."""

import re

import pytest
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.test import Client
from ninja import NinjaAPI
from ninja.testing import TestClient

from apps.api import errors
from tests.api.support import client, url

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_documentation_needs_a_login():
    answer = Client().get("/api/docs")
    assert answer.status_code == 302
    assert "login" in answer["Location"]


def test_the_documentation_lives_under_the_strict_policy():
    browser = Client()
    browser.force_login(User.objects.create_superuser("eva"))
    page = browser.get("/api/docs")
    html = page.content.decode()
    assert "script-src 'unsafe-inline'" not in page["Content-Security-Policy"]
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", html)
    assert not re.search(r"<script(?![^>]*(?:src=|application/json))", html)
    files = re.findall(r'(?:src|href)="/static/([^"]+)"', html)
    assert files
    assert all(finders.find(name) for name in files)


def test_the_schema_is_for_readers():
    schema = client("read").get(url("openapi.json")).json()
    assert "/api/v1/groups/{folder}/messages" in schema["paths"]
    assert list(schema["components"]["securitySchemes"]) == ["Credentials"]


def test_what_does_not_exist_is_said_in_json():
    answer = Client().get(url("nothing"))
    assert answer.status_code == 404
    assert "detail" in answer.json()


def test_a_slash_too_many_leads_to_the_route():
    program = client("read")
    answer = program.get(url("groups/"))
    assert (answer.status_code, answer["Location"]) == (308, "/api/v1/groups")
    assert program.get(url("groups/"), follow=True).json() == {"items": []}
    assert program.get(url("tasks/?status=paused"))["Location"] == "/api/v1/tasks?status=paused"


def test_the_status_says_what_runs_here(family):
    shown = client("read").get(url("status")).json()
    assert shown["agent"]["name"] == "demo"
    assert "ANTHROPIC_API_KEY" in shown["agent"]["why"]
    assert shown["runtime"]["why"]
    assert [channel["platform"] for channel in shown["channels"]] == ["web"]
    assert shown["queues"] == {"queued_runs": 0, "running_runs": 0, "outbox": 0}


def test_a_restricted_token_sees_no_channels(family):
    assert client("read", groups=(family,)).get(url("status")).json()["channels"] == []


def test_a_defect_is_one_sentence_without_a_traceback(caplog):
    broken = NinjaAPI(urls_namespace="broken")
    errors.install(broken)

    @broken.get("/defect")
    def defect(request):
        raise KeyError("a secret")

    answer = TestClient(broken).get("/defect")
    assert answer.status_code == 500
    assert answer.json() == {"detail": "Something went wrong here; the log of the service says what."}
    assert "KeyError" in caplog.text
