"""What is not a resource: the documentation, and what lies beside the routes."""

import re

import pytest
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.test import Client

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
