from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pytest
from django.conf import settings
from django.db import connections, transaction

from apps.chats.models import Group
from apps.chats.services import create_group
from tests.api.support import JSON, client, url

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_group_is_made_with_its_folder_and_its_chat():
    answer = client("admin").post(url("groups"), {"folder": "garden", "name": "O'Brien's; DROP TABLE"}, JSON)
    assert answer.status_code == 201
    assert answer.json()["name"] == "O'Brien's; DROP TABLE"
    assert answer.json()["chats"][0]["jid"] == "web:garden"
    assert (settings.GROUPS_DIR / "garden" / "CLAUDE.md").exists()


@pytest.mark.parametrize("folder", ["../../etc", "/tmp", "global", "Global", "", "a/b", "-x", "x" * 65, None, 7])
def test_a_bad_folder_is_422_and_nothing_is_on_disk(folder):
    before = sorted(settings.GROUPS_DIR.glob("*"))
    answer = client("admin").post(url("groups"), {"folder": folder}, JSON)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "folder"
    assert answer.json()["detail"].startswith("folder: ")
    assert sorted(settings.GROUPS_DIR.glob("*")) == before
    assert not Group.objects.exists()


def test_a_folder_exists_once(family):
    answer = client("admin").post(url("groups"), {"folder": "FAMILY"}, JSON)
    assert answer.status_code == 422
    assert "Another group has this folder." in answer.json()["detail"]


def test_whoever_is_slower_is_told_so():
    """On PostgreSQL the folder seems free until the first one commits; on SQLite the second one waits for its turn."""
    program = client("admin")
    with ThreadPoolExecutor(1) as second:
        with transaction.atomic():
            create_group(folder="family")
            answer = second.submit(_made, program)
            sleep(0.5)  # it looks, finds nothing, and waits for us
        told = answer.result(20)
    assert told.status_code in (409, 422), told.content
    assert Group.objects.count() == 1


def _made(program):
    try:
        return program.post(url("groups"), {"folder": "family"}, JSON)
    finally:
        connections.close_all()


def test_what_is_not_known_is_said(family):
    answer = client("admin").patch(url("groups/family"), {"is_main": True, "memory_mb": "much"}, JSON)
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == {"is_main", "memory_mb"}


def test_a_group_is_changed(family):
    program = client("admin")
    change = {"name": "Us", "engage": "always", "timezone": "Asia/Tokyo", "turn_timeout_s": 90}
    assert program.patch(url("groups/family"), change, JSON).status_code == 200
    shown = program.get(url("groups/family")).json()
    assert {name: shown[name] for name in change} == change
    assert program.patch(url("groups/family"), {"turn_timeout_s": None}, JSON).json()["turn_timeout_s"] is None


@pytest.mark.parametrize(
    "change", [{"timezone": "Mars/Base"}, {"engage": "never"}, {"memory_mb": 1}, {"name": ""}, {"cpus": "0.01"}]
)
def test_a_bad_change_is_422_and_changes_nothing(family, change):
    answer = client("admin").patch(url("groups/family"), change, JSON)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == next(iter(change))
    assert Group.objects.values().get() == Group.objects.filter(pk=family.pk).values().get()
    family.refresh_from_db()
    assert (family.name, family.timezone, family.memory_mb) == ("Family", settings.TIME_ZONE, 1024)


def test_a_folder_cannot_be_changed(family):
    assert client("admin").patch(url("groups/family"), {"folder": "other"}, JSON).status_code == 422


def test_what_no_database_keeps_is_left_out(family):
    assert client("admin").patch(url("groups/family"), {"name": "The\0 family"}, JSON).json()["name"] == "The family"


def test_what_belongs_to_no_field_is_told_without_one(family):
    refused = client("admin").post(url("groups"), {"folder": "FAMILY"}, JSON).json()
    assert refused == {
        "detail": "Another group has this folder.",
        "errors": [{"field": "", "message": "Another group has this folder."}],
    }


def test_a_folder_with_a_nul_is_no_group(family):
    assert client("read").get(url("groups/fam%00ily")).status_code == 404


def test_no_such_group(family):
    answer = client("read").get(url("groups/nobody"))
    assert (answer.status_code, answer.json()) == (404, {"detail": "There is no group 'nobody'."})


def test_a_body_that_is_no_json():
    answer = client("admin").post(url("groups"), "{", JSON)
    assert answer.status_code == 400
    assert "detail" in answer.json()
