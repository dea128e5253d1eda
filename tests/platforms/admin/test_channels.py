"""The operator's desk, through the pages a person sees."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from apps.agents.models import Run
from apps.agents.services import request_run, session_for
from apps.chats import incidents
from apps.chats.models import Channel, Chat, Group, Incident, Message
from apps.chats.services import web_channel
from tests.dashboard.support import act, answered, said

pytestmark = pytest.mark.django_db

SECRET = "123456:VERY-SECRET-TOKEN"


@pytest.fixture
def channel(db):
    return Channel.objects.create(platform="telegram", name="Bot", credentials={"token": SECRET, "extra": "x-y-z-1"})


def channel_form(**more):
    return {"name": "Bot", "enabled": "on", "options": "{}"} | more


def change(browser_of, channel, **more):
    response = browser_of.post(f"/admin/chats/channel/{channel.pk}/change/", channel_form(**more))
    channel.refresh_from_db()
    return response


def test_every_list_and_form_opens(browser_of, chat, channel):
    message = said(chat, "hello")
    answered(chat, "hi")
    incidents.record("mount", "family", "Refused.")
    run = Run.objects.create(session=session_for(chat.group), chat=chat, cause="message")
    run.steps.create(seq=1, kind="tool", summary="send_message")
    pages = ["chats/channel", "chats/chat", "chats/group", "chats/message", "chats/incident", "chats/sender"]
    pages += ["chats/pairing", "chats/attachment", "agents/run", "agents/session", "agents/runstep"]
    details = [f"chats/message/{message.pk}", f"agents/run/{run.pk}", f"chats/chat/{chat.pk}"]
    details += [f"chats/group/{chat.group_id}", f"chats/incident/{Incident.objects.get().pk}"]

    for page in [*pages, *(f"{detail}/change" for detail in details), "chats/group/add", "chats/channel/add"]:
        response = browser_of.get(f"/admin/{page}/")
        assert response.status_code == 200, page
        assert "style=" not in response.text, page


def test_a_credential_is_never_shown(browser_of, channel):
    pages = [f"/admin/chats/channel/{channel.pk}/change/", "/admin/chats/channel/", "/", "/readyz"]

    shown = "".join(browser_of.get(page).text for page in pages)
    refused = change(browser_of, channel, name="").text  # the form comes back with its error

    assert "token" in shown
    assert SECRET not in shown + refused
    assert "x-y-z-1" not in shown + refused


def test_what_is_left_empty_stays(browser_of, channel):
    change(browser_of, channel, name="Renamed")

    assert channel.name == "Renamed"
    assert channel.credential("token") == SECRET


def test_what_is_written_replaces_and_what_is_ticked_goes(browser_of, channel):
    change(
        browser_of,
        channel,
        **{
            "credentials-value-token": "new-value",
            "credentials-delete-extra": "on",
            "credentials-new-key-0": "webhook_secret",
            "credentials-new-value-0": "env:HOOK",
        },
    )

    assert channel.credentials == {"token": "new-value", "webhook_secret": "env:HOOK"}


def test_a_refused_form_does_not_give_back_what_was_written(browser_of, channel):
    response = change(browser_of, channel, **{"name": "", "credentials-value-token": "typed-secret"})

    assert response.status_code == 200
    assert "typed-secret" not in response.text


def test_a_credential_needs_a_name(browser_of, channel):
    response = change(browser_of, channel, **{"credentials-new-key-0": "a b", "credentials-new-value-0": "x"})

    assert "letters, digits" in response.text
    assert "a b" not in channel.credentials


def test_options_are_an_object(browser_of, channel):
    assert "A JSON object is expected" in change(browser_of, channel, options="[1]").text


def test_first_the_platform_then_its_form(browser_of):
    chosen = browser_of.get("/admin/chats/channel/add/").text
    form = browser_of.get("/admin/chats/channel/add/?platform=telegram").text

    assert '"?platform=telegram"' in chosen
    assert "The token that @BotFather gave you." in form
    assert 'name="option-mode"' in form


def test_a_channel_is_added_by_its_form(browser_of):
    fields = {
        "platform": "telegram",
        "credentials-value-token": "1:abc",
        "option-mode": "webhook",
        "option-stream": "yes",
    }
    browser_of.post("/admin/chats/channel/add/?platform=telegram", channel_form(**fields))

    channel = Channel.objects.get()
    assert channel.credentials == {"token": "1:abc"}
    assert channel.options == {"mode": "webhook", "stream": "yes"}


@pytest.mark.parametrize("fields", [{"option-api_base": "nonsense"}, {"options": '{"api_base": "nonsense"}'}])
def test_an_address_that_is_none_is_refused(browser_of, fields):
    told = {"platform": "telegram", "credentials-value-token": "1:abc", **fields}
    answer = browser_of.post("/admin/chats/channel/add/?platform=telegram", channel_form(**told))

    assert "An address is expected that begins with one of: http://, https://" in answer.text
    assert not Channel.objects.exists()


def test_what_the_platform_needs_must_be_there(browser_of):
    answer = browser_of.post("/admin/chats/channel/add/?platform=telegram", channel_form(platform="telegram"))

    assert "This is needed: Bot token" in answer.text
    assert not Channel.objects.exists()


def test_a_form_of_one_platform_makes_no_channel_of_another(browser_of):
    fields = {"platform": "slack", "credentials-value-token": "1:abc"}
    answer = browser_of.post("/admin/chats/channel/add/?platform=telegram", channel_form(**fields))

    assert "slack is not one of the available choices" in answer.text
    assert not Channel.objects.exists()


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


def group_form(**more):
    fields: dict[str, object] = {
        "name": "Work",
        "folder": "work",
        "assistant_name": "Andy",
        "engage": "mention",
        "unaddressed": "remember",
        "sender_policy": "open",
    }
    fields |= {"session_scope": "group", "timezone": "UTC", "memory_mb": 1024, "cpus": 1, "pids": 256}
    fields |= {"disk_quota_mb": 2048, "network": "sealed"}
    return fields | more


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


def test_a_channel_is_deleted_with_its_history(browser_of, channel):
    said(Chat.objects.create(channel=channel, external_id="-100"), "hello")

    browser_of.post(f"/admin/chats/channel/{channel.pk}/delete/", {"post": "yes"})

    assert not type(channel).objects.filter(pk=channel.pk).exists()


def test_history_by_itself_is_not_deleted(browser_of, chat):
    message = said(chat, "hello")

    assert browser_of.post(f"/admin/chats/message/{message.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_discovered_chat_is_found_and_registered(browser_of, group, channel):
    found = Chat.objects.create(channel=channel, external_id="-100", title="Hiking club")

    listed = browser_of.get("/admin/chats/chat/?registered=no").text
    asked = act(browser_of, "chats/chat", "register", found)
    found.refresh_from_db()
    assert found.group is None
    done = act(browser_of, "chats/chat", "register", found, chosen="yes", group=group.pk)

    found.refresh_from_db()
    assert "Hiking club" in listed
    assert "From now on the group serves" in asked.text
    assert "/admin/chats/group/add/" in asked.text  # the group may have to be made first
    assert "1 chat is served by The family now." in done.text
    assert found.group == group


def test_registering_needs_a_group(browser_of, group, channel):
    found = Chat.objects.create(channel=channel, external_id="-100")

    response = act(browser_of, "chats/chat", "register", found, chosen="yes", group="")

    found.refresh_from_db()
    assert "errorlist" in response.text
    assert found.group is None


def test_credentials_under_another_secret_key_are_said_and_can_be_entered_again(browser_of, channel, settings):
    settings.SECRET_KEY = "another-" * 8
    client = Client()
    client.force_login(User.objects.get(username="lena"))

    page = client.get(f"/admin/chats/channel/{channel.pk}/change/")
    assert "encrypted under another secret key" in page.text
    change(client, channel, **{"credentials-new-key-0": "token", "credentials-new-value-0": "again"})

    assert channel.credential("token") == "again"
