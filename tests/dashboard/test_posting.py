import uuid

import pytest
from django.contrib.auth.models import Permission

from apps.agents.models import Run
from apps.chats.models import Message, Sender
from apps.dashboard.posting import BURST, MOST_CHARACTERS

pytestmark = pytest.mark.django_db


@pytest.fixture
def write(browser_of, chat):
    def post(text, external_id=None, **more):
        return browser_of.post("/chat/family/messages/", {"id": external_id or str(uuid.uuid4()), "text": text}, **more)

    return post


def make_writer(person):
    """No superuser any more, but one who may write."""
    person.is_superuser = False
    person.save()
    person.user_permissions.add(*Permission.objects.filter(codename__in=["view_message", "add_message"]))


def test_a_message_is_stored_and_calls_the_agent(write, chat, person):
    response = write("hello,\r\nAndy")

    message = Message.objects.get()
    assert response.status_code == 201
    assert response.json() == {"id": message.pk}
    assert (message.text, message.calls_agent, message.sender_name) == ("hello,\nAndy", True, "lena")
    assert Run.objects.get(chat=chat).status == "queued"


def test_the_same_message_again_changes_nothing(write):
    external_id = str(uuid.uuid4())

    first, second = write("once", external_id), write("once", external_id)

    assert first.json() == second.json()
    assert Message.objects.count() == 1
    assert Run.objects.count() == 1


@pytest.mark.parametrize(
    ("text", "status", "sentence"),
    [
        ("", 400, "empty"),
        ("  \n ", 400, "empty"),
        ("\0", 400, "empty"),
        ("x" * (MOST_CHARACTERS + 1), 413, f"at most {MOST_CHARACTERS}"),
    ],
)
def test_what_is_not_taken_says_why(write, text, status, sentence):
    response = write(text)

    assert response.status_code == status
    assert sentence in response.json()["error"]
    assert not Message.objects.exists()


def test_an_id_that_is_none(write):
    assert "no valid id" in write("hello", "1; DROP TABLE").json()["error"]


def test_too_many_at_once_are_slowed_down(write):
    answers = [write(f"number {number}").status_code for number in range(BURST + 1)]

    assert answers == [201] * BURST + [429]


def test_a_blocked_sender_is_told_so(write, chat, person):
    write("first")
    Sender.objects.update(access="blocked")

    response = write("second")

    assert response.status_code == 403
    assert "not accepted" in response.json()["error"]


def test_another_site_cannot_write(person, group):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(person)

    assert client.post("/chat/family/messages/", {"text": "forged"}).status_code == 403
    assert not Message.objects.exists()


def test_a_person_who_may_change_groups_is_an_admin_sender_and_one_who_may_not_is_not(write, person):
    write("hello")
    assert Sender.objects.get().access == Sender.Access.ADMIN
    make_writer(person)
    write("hello again")
    assert Sender.objects.get().access == Sender.Access.ALLOWED


def test_a_command_on_the_page_is_answered_without_the_agent(write, chat):
    assert write("/status").status_code == 201
    assert "agent demo" in chat.messages.outbound().get().text
    assert not Run.objects.exists()


def test_new_on_the_page_needs_the_permission(write, person, chat):
    write("/new")
    assert "forgotten" in chat.messages.outbound().get().text
    make_writer(person)
    write("/new")
    assert "Only an admin" in chat.messages.outbound().last().text


def test_a_viewer_reads_and_cannot_write_stop_or_press(write, browser_of, person, chat):
    write("one")
    person.is_superuser = False
    person.save()
    person.user_permissions.add(Permission.objects.get(codename="view_message"))

    answers = [
        write("two"),
        browser_of.post("/chat/family/stop/"),
        browser_of.post("/chat/family/press/", {"token": "any"}),
    ]

    assert [answer.status_code for answer in answers] == [403] * 3
    assert all("You may read here, and not write" in answer.json()["error"] for answer in answers)
    assert [message.text for message in chat.messages.all()] == ["one"]
    assert Run.objects.get().status == "queued"
    page = browser_of.get("/chat/family/").content.decode()
    assert "You may read here, and not write" in page
    assert page.count(" disabled>") == 3
    make_writer(person)
    assert write("three").status_code == 201
    assert " disabled>" not in browser_of.get("/chat/family/").content.decode()
