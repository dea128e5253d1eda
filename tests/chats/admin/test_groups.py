"""Groups in the admin: made, edited, deleted."""

import pytest

from apps.agents.models import Run
from apps.agents.services import request_run
from apps.chats.models import Chat, Group, Message
from apps.chats.services import web_channel
from tests.chats.admin.support import group_form
from tests.chats.support import answered, said

pytestmark = pytest.mark.django_db


def test_a_new_group_has_its_folder_and_its_chat_page(browser_of, settings):
    browser_of.post("/admin/chats/group/add/", group_form())

    group = Group.objects.get(folder="work")
    assert (settings.GROUPS_DIR / "work" / "CLAUDE.md").is_file()
    assert group.chats.get().channel == web_channel()


@pytest.mark.parametrize("folder", ["../../etc", "/tmp", "Global", "", "a/b", "-x", "x" * 65])
def test_a_folder_that_leads_elsewhere_is_refused(browser_of, settings, folder):
    response = browser_of.post("/admin/chats/group/add/", group_form(folder=folder))

    assert response.status_code == 200
    assert "errorlist" in response.text
    assert not Group.objects.exists()


def test_a_folder_is_not_changed_later(browser_of, group):
    inlines = {f"{name}-{count}_FORMS": 0 for name in ("chats", "mcp_servers") for count in ("TOTAL", "INITIAL")}
    browser_of.post(f"/admin/chats/group/{group.pk}/change/", group_form(folder="elsewhere", **inlines))

    group.refresh_from_db()
    assert (group.name, group.folder) == ("Work", "family")


def test_the_main_group_stays(browser_of, group):
    Group.objects.update(is_main=True)

    browser_of.post(f"/admin/chats/group/{group.pk}/delete/", {"post": "yes"})

    assert Group.objects.filter(pk=group.pk).exists()


def test_a_group_is_deleted_with_its_history(browser_of, chat, channel):
    run = request_run(chat.group, chat=chat, cause=Run.Cause.REQUEST, prompt="go")
    run.cancel("enough")
    said(chat, "hello")
    elsewhere = Chat.objects.create(channel=channel, external_id="-100", group=chat.group)
    address = f"/admin/chats/group/{chat.group.pk}/delete/"

    asked = browser_of.get(address).text
    browser_of.post(address, {"post": "yes"})

    assert "Are you sure" in asked
    assert ("Chats: 1" in asked, "Messages: 1" in asked) == (True, True)
    assert not Group.objects.exists()
    assert not Run.objects.exists()
    assert not Message.objects.exists()  # of the page: another group in this folder must not read them
    assert list(Chat.objects.discovered()) == [elsewhere]


def test_what_goes_with_a_group_is_counted_in_words_that_people_know(browser_of, chat):
    run = request_run(chat.group, chat=chat, cause=Run.Cause.REQUEST, prompt="go")
    question = run.questions.create(text="Which one?", kind="ask", expires_at=run.created_at)
    question.messages.add(answered(chat, "Which one?"))

    page = browser_of.get(f"/admin/chats/group/{chat.group.pk}/delete/").text

    assert "Questions: 1" in page
    assert "relationship" not in page


def test_a_group_says_who_may_call(browser_of, chat):
    assert 'name="sender_policy"' in browser_of.get(f"/admin/chats/group/{chat.group_id}/change/").text
    assert Group.objects.get().sender_policy == Group.SenderPolicy.OPEN
