"""Who may read what is said: as at the API, people of the admin with the permission to view messages."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from apps.chats import incidents
from apps.chats.models import Attachment, Channel
from tests.chats.support import allow, said
from tests.dashboard.support import close_code, opened, socket_to, story

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_server")]


@pytest.fixture
def clerk(db: None) -> User:
    return User.objects.create_user("clerk", is_staff=True)


@pytest.fixture
def desk(clerk: User) -> Client:
    client = Client()
    client.force_login(clerk)
    return client


@pytest.mark.parametrize(
    "path", ["/chat/", "/chat/family/", "/chat/family/messages/", "/chat/family/files/1/", "/api/v1/groups"]
)
def test_reading_needs_the_permission_on_the_page_as_at_the_api(path, desk, clerk, chat):
    Attachment.objects.create(pk=1, message=said(chat, "The key is under the mat."), name="key.png", kind="image")
    refused = desk.get(path)
    assert (refused.status_code, "under the mat" in refused.text) == (403, False)

    allow(clerk, "view_message")

    assert desk.get(path).status_code == (404 if "files" in path else 200)  # its file was never fetched


def test_the_refusal_says_what_is_missing(desk, chat):
    assert "needs the permission “Can view message”" in desk.get("/chat/family/").text
    assert "Can view message" in desk.get("/chat/family/messages/").json()["error"]


def test_the_permission_alone_does_not_make_somebody_staff(chat):
    guest, browser = User.objects.create_user("guest"), Client()
    allow(guest, "view_message")
    browser.force_login(guest)
    assert browser.get("/chat/family/").status_code == 403


def test_who_may_nothing_does_not_hear_which_groups_there_are(desk, chat):
    for path in ("", "messages/", "files/1/"):
        assert [desk.get(f"/chat/{folder}/{path}").status_code for folder in ("family", "nowhere")] == [403, 403]
    for path in ("messages/", "stop/", "press/"):
        assert [desk.post(f"/chat/{folder}/{path}").status_code for folder in ("family", "nowhere")] == [403, 403]


def test_who_may_read_may_not_write(desk, clerk, chat):
    allow(clerk, "view_message")
    assert "You may read here, and not write" in desk.get("/chat/family/").text
    assert desk.post("/chat/family/messages/", {"text": "hello"}).status_code == 403


def test_who_may_add_nothing_is_not_led_to_it(desk, clerk):
    allow(clerk, "view_message", "view_channel")
    assert "/add/" not in desk.get("/").text + desk.get("/chat/").text

    allow(clerk, "add_group", "add_channel")
    page = desk.get("/").text
    assert ("/admin/chats/group/add/" in page, "/admin/chats/channel/add/" in page) == (True, True)
    assert "/admin/chats/group/add/" in desk.get("/chat/").text


@pytest.mark.django_db(transaction=True)
def test_the_websocket_tells_readers_only(desk, clerk, chat):
    @story
    async def refused():
        assert await close_code(socket_to(desk)) == 4403

    @story
    async def told():
        async with opened(desk) as (_socket, frame):
            assert [message["html"].count("hello") for message in frame["messages"]] == [1]

    said(chat, "hello")
    refused()
    allow(clerk, "view_message")
    told()


def test_the_overview_shows_what_the_admin_would(desk, clerk, chat):
    Channel.objects.create(platform="telegram", name="Our bot")
    incidents.record("failed run", "family", "The key is under the mat.")
    said_there = ("The family", "Our bot", "under the mat")
    assert [words in desk.get("/").text for words in said_there] == [False, False, False]

    for names, seen in [
        (["view_message"], [True, False, False]),
        (["view_channel"], [True, True, False]),
        (["view_incident"], [True, True, True]),
    ]:
        allow(clerk, *names)
        assert [words in desk.get("/").text for words in said_there] == seen
