"""The admin's first page: an operator's order, without the machinery."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_the_index_begins_with_groups_and_hides_what_nobody_edits(admin_client: Client) -> None:
    page = admin_client.get("/admin/").content.decode()
    places = [page.index(f'"/admin/{path}/"') for path in ("chats/group", "chats/channel", "agents/run", "auth/user")]
    assert places == sorted(places)
    for path in ("django_celery_beat/crontabschedule", "chats/attachment", "auth/group"):
        assert f'"/admin/{path}/"' not in page


def test_what_is_hidden_keeps_its_address(admin_client: Client) -> None:
    assert admin_client.get("/admin/agents/runstep/").status_code == 200
    assert admin_client.get("/admin/django_celery_beat/").status_code == 200


def test_a_list_says_what_it_is_for(admin_client: Client) -> None:
    assert "Strangers who wrote directly" in admin_client.get("/admin/chats/pairing/").content.decode()
    assert 'class="about"' not in admin_client.get("/admin/auth/user/").content.decode()


def test_a_new_scheduled_task_shows_no_state(admin_client: Client) -> None:
    page = admin_client.get("/admin/schedules/scheduledtask/add/").content.decode()
    assert "field-prompt" in page
    assert "field-next_run_at" not in page
