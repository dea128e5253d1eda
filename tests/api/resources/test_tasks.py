import pytest

from apps.agents.models import Run
from apps.chats.models import Sender
from apps.chats.services import web_chat
from apps.schedules.models import ScheduledTask
from tests.api.support import JSON, client, url

pytestmark = pytest.mark.django_db(transaction=True)

DAILY = {"group": "family", "prompt": "good morning", "schedule_type": "cron", "schedule_value": "0 9 * * *"}


def test_a_task_lives(family):
    program = client("write")
    made = program.post(url("tasks"), DAILY, JSON)
    assert made.status_code == 201
    task = made.json()
    assert (task["group"], task["status"], task["timezone"]) == ("family", "active", family.timezone)
    assert task["created_by"] is None
    assert task["next_run_at"]
    assert program.get(url(f"tasks/{task['id']}")).json() == task

    paused = program.post(url(f"tasks/{task['id']}/pause")).json()
    assert (paused["status"], paused["next_run_at"]) == ("paused", None)
    assert program.post(url(f"tasks/{task['id']}/resume")).json()["next_run_at"] == task["next_run_at"]

    assert program.delete(url(f"tasks/{task['id']}")).status_code == 204
    assert program.get(url("tasks")).json()["items"] == []
    assert program.get(url(f"tasks/{task['id']}")).json()["status"] == "cancelled"
    again = program.post(url(f"tasks/{task['id']}/resume"))
    assert (again.status_code, "cannot be resumed" in again.json()["detail"]) == (409, True)


def test_for_whom_an_agent_made_it_is_told(family):
    bob = Sender.objects.create(channel=web_chat(family).channel, external_id="bob", name="Bob")
    made = client("write").post(url("tasks"), DAILY, JSON).json()
    ScheduledTask.objects.update(created_by=bob)
    assert client("read").get(url("tasks")).json()["items"] == [made | {"created_by": "Bob"}]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"schedule_value": "not a cron"}, "schedule_value"),
        ({"schedule_type": "interval", "schedule_value": "10abc"}, "schedule_value"),
        ({"schedule_type": "once", "schedule_value": "2020-01-01T00:00"}, "schedule_value"),
        ({"schedule_type": "daily"}, "schedule_type"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": " "}, "prompt"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_bad_task_is_422_and_not_stored(family, change, field):
    answer = client("write").post(url("tasks"), DAILY | change, JSON)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert not ScheduledTask.objects.exists()


def test_another_groups_chat_is_refused(family, work):
    answer = client("write").post(url("tasks"), DAILY | {"chat": web_chat(work).pk}, JSON)
    assert (answer.status_code, "has no chat" in answer.json()["detail"]) == (422, True)
    assert client("write").post(url("tasks"), DAILY | {"chat": web_chat(family).pk}, JSON).status_code == 201


def test_run_now_is_one_run_however_often_it_is_clicked(family):
    program = client("write")
    task = program.post(url("tasks"), DAILY, JSON).json()
    first, second = (program.post(url(f"tasks/{task['id']}/run")) for _ in range(2))
    assert first.status_code == 202
    assert first.json()["id"] == second.json()["id"] == Run.objects.get().pk
    assert program.get(url(f"runs/{first.json()['id']}")).json()["cause"] == "schedule"


def test_the_list_is_filtered_and_paged(family, work):
    program = client("write")
    ids = [program.post(url("tasks"), DAILY, JSON).json()["id"] for _ in range(3)]
    other = program.post(url("tasks"), DAILY | {"group": "office"}, JSON).json()["id"]
    program.post(url(f"tasks/{ids[0]}/pause"))
    listed = program.get(url("tasks?group=family&limit=2")).json()
    assert [task["id"] for task in listed["items"]] == [ids[2], ids[1]]
    rest = program.get(url(f"tasks?group=family&before={listed['before']}")).json()
    assert ([task["id"] for task in rest["items"]], rest["before"]) == ([ids[0]], None)
    assert [task["id"] for task in program.get(url("tasks"), {"status": "paused"}).json()["items"]] == [ids[0]]
    assert [task["id"] for task in client("read", groups=(work,)).get(url("tasks")).json()["items"]] == [other]


def test_a_restricted_token_reaches_its_own_tasks_only(family, work):
    task = client("write").post(url("tasks"), DAILY, JSON).json()["id"]
    stranger = client("write", groups=(work,))
    assert stranger.get(url(f"tasks/{task}")).status_code == 404
    assert stranger.delete(url(f"tasks/{task}")).status_code == 404
    assert stranger.post(url("tasks"), DAILY, JSON).status_code == 404
    assert stranger.get(url("tasks"), {"group": "family"}).status_code == 404
    assert ScheduledTask.objects.get().status == "active"
