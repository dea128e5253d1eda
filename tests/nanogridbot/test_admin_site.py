"""The admin's first page: an operator's order, without the machinery."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.utils import translation

from apps.agents.models import Run
from apps.agents.services import session_for
from apps.api.models import ApiToken
from apps.chats.models import Message
from apps.chats.services import create_group, web_chat

pytestmark = pytest.mark.django_db


def read_in(language: str, client: Client, address: str) -> str:
    """A request leaves its language behind in the thread, where a later test would speak it."""
    with translation.override(language):
        return client.get(address, headers={"Accept-Language": language}).content.decode()


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


@pytest.mark.parametrize(
    ("address", "asked", "known_later"),
    [("schedules/scheduledtask", "prompt", "next_run_at"), ("chats/chat", "external_id", "last_message_at")],
)
def test_what_is_new_shows_no_state(admin_client: Client, address: str, asked: str, known_later: str) -> None:
    page = admin_client.get(f"/admin/{address}/add/").content.decode()
    assert f"field-{asked}" in page
    assert f"field-{known_later}" not in page


def test_the_pages_and_the_languages_can_be_reached_from_the_admin(admin_client: Client) -> None:
    page = admin_client.get("/admin/chats/message/?direction=in").content.decode()
    assert all(f'<a href="{path}"' in page for path in ("/", "/chat/", "/admin/"))
    assert '<button class="quiet" name="language" value="zh-hans"' in page
    assert 'name="next" value="/admin/chats/message/?direction=in"' in page  # the filter stays


def test_who_is_not_signed_in_can_choose_the_language_and_nothing_else(client: Client) -> None:
    page = client.get("/admin/login/?next=/chat/").content.decode()
    assert 'name="next" value="/admin/login/?next=/chat/"' in page
    assert '<a href="/chat/"' not in page


def test_a_list_is_headed_by_what_it_lists(admin_client: Client) -> None:
    page = admin_client.get("/admin/schedules/scheduledtask/").content.decode()
    assert "<h1>Scheduled tasks</h1>" in page
    assert "Select" not in page


def test_times_are_written_alike_in_both_languages(admin_client: Client) -> None:
    ApiToken.objects.create(name="x", hash="x" * 64, scopes=["read"], expires_at=datetime(2030, 1, 31, 9, tzinfo=UTC))
    for language in ("en", "zh-hans"):
        page = read_in(language, admin_client, "/admin/api/apitoken/")
        assert '<td class="field-expires_at nowrap">2030-01-31 09:00</td>' in page


def test_a_message_and_a_run_are_named_in_the_readers_language(admin_client: Client) -> None:
    chat = web_chat(group := create_group(folder="family", name="Family"))
    run = Run.objects.create(session=session_for(group), chat=chat, cause="message")
    message = Message.objects.create(chat=chat, direction="in", external_id="1", text="hello")
    for address, named in (
        (f"agents/run/{run.pk}", f"运行 {run.pk}"),
        (f"chats/message/{message.pk}", f"收到 {message.pk}"),
    ):
        assert f"<h2>{named}</h2>" in read_in("zh-hans", admin_client, f"/admin/{address}/change/")
