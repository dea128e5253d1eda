"""Channels in the admin: what the list says, the connection tested, switched off, deleted."""

import pytest

from apps.chats.models import Channel
from apps.chats.services import web_channel
from tests.chats.admin.support import SECRET, act, change, channel_form
from tests.chats.support import answered
from tests.platforms.support import send

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(browser_of):
    return browser_of


def test_first_the_platform_then_its_form(browser_of):
    chosen = browser_of.get("/admin/chats/channel/add/").text
    form = browser_of.get("/admin/chats/channel/add/?platform=telegram").text

    assert '"?platform=telegram"' in chosen
    assert "The token that @BotFather gave you." in form
    assert 'name="option-mode"' in form


def test_a_second_channel_of_the_chat_page_is_not_added_and_one_that_is_there_can_be_edited(browser_of):
    web_channel()
    added = browser_of.post("/admin/chats/channel/add/?platform=web", channel_form(platform="web", name="page"))
    assert "There is only one chat page, and the channel “web” is it already." in added.text

    second = Channel.objects.create(platform="web", name="page")  # as two first starts at once could make it
    assert change(browser_of, second, name="another page").status_code == 302


def test_the_form_shows_the_webhooks_address(browser_of, channel, settings):
    settings.BASE_URL = "https://bot.example"

    page = browser_of.get(f"/admin/chats/channel/{channel.pk}/change/").text
    assert f"https://bot.example/hooks/telegram/{channel.pk}/" in page


def test_a_button_tests_the_connection_and_says_what_is_wrong(browser_of, channel):
    Channel.objects.update(options={"api_base": "http://127.0.0.1:1"})
    assert "Test connection" in browser_of.get(f"/admin/chats/channel/{channel.pk}/change/").text

    answer = browser_of.post(f"/admin/chats/channel/{channel.pk}/test/", follow=True)

    assert "Telegram cannot be reached" in answer.text
    assert SECRET not in answer.text
    assert browser_of.get(f"/admin/chats/channel/{channel.pk}/test/").status_code == 405


def test_the_list_says_how_many_wait(browser_of, chat):
    answered(chat, "one", delivery="queued")
    answered(chat, "two", delivery="sent")

    page = browser_of.get("/admin/chats/channel/")
    assert [row.waiting for row in page.context["cl"].result_list] == [1]


def test_an_edit_is_told_to_the_listeners(browser_of, channel):
    before = channel.edited_at

    change(browser_of, channel, options='{"api_base": "http://127.0.0.1:1"}')

    assert channel.edited_at > before
    assert channel.option("api_base") == "http://127.0.0.1:1"


def test_the_chat_pages_channel_is_not_deleted(browser_of, channel):
    web = web_channel()

    refused = browser_of.post(f"/admin/chats/channel/{web.pk}/delete/", {"post": "yes"})
    browser_of.post(f"/admin/chats/channel/{channel.pk}/delete/", {"post": "yes"})

    assert refused.status_code == 403
    assert list(Channel.objects.all()) == [web]


def test_channels_are_disabled_together(browser_of, channel):
    web = web_channel()

    response = act(browser_of, "chats/channel", "disable", channel, web)

    assert "2 disabled." in response.text
    assert not Channel.objects.filter(enabled=True).exists()


def test_the_admin_lists_it_for_each_channel(operator, chat):
    send(chat, "one")
    send(chat, "two")
    chat.channel.mark_trouble("Telegram cannot be reached.")

    page = operator.get("/admin/chats/channel/").content.decode()

    assert "Telegram cannot be reached." in page
    assert '<td class="field-queue">2</td>' in page
    assert '<td class="field-reconnects">1</td>' in page
