import pytest
from django.core.exceptions import ValidationError

from apps.chats import services
from apps.chats.models import Channel, Chat, Group, Message

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def groups_dir(settings, tmp_path):
    settings.GROUPS_DIR, settings.SESSIONS_DIR = tmp_path / "groups", tmp_path / "sessions"
    return settings.GROUPS_DIR


@pytest.fixture
def chat():
    return services.web_chat(services.create_group(folder="team"))


def send(chat, text, **fields):
    message = services.send_message(chat, text=text, **fields)
    assert message
    return message


def test_a_group_has_a_workspace_and_a_place_on_the_chat_page(groups_dir):
    group = services.create_group(folder="team", name="O'Brien's; DROP TABLE")
    assert (groups_dir / "team" / "logs").is_dir()
    assert Chat.objects.get(channel__platform="web").group == group
    assert Group.objects.get().name == "O'Brien's; DROP TABLE"


@pytest.mark.parametrize("folder", ["../../etc", "Global", "", "a/b", "-x"])
def test_a_bad_folder_leaves_nothing_behind(folder, groups_dir):
    with pytest.raises(ValidationError):
        services.create_group(folder=folder)
    assert not Group.objects.exists()
    assert not groups_dir.exists()


@pytest.mark.parametrize("fields", [{"folder": "TEAM"}, {"folder": "other", "is_main": True}])
def test_a_folder_or_main_that_is_taken_is_said_in_words(fields):
    services.create_group(folder="team", is_main=True)
    with pytest.raises(ValidationError, match="Another group"):
        services.create_group(**fields)


def test_there_is_one_chat_page():
    assert services.web_channel() == services.web_channel()
    assert Channel.objects.count() == 1


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("hello <internal>secret</internal> world", "hello  world"),
        ("<internal>only</internal>", ""),
        ("before <internal>never closed", "before"),
        ("a <INTERNAL>x\ny</INTERNAL> b <internal>z</internal>", "a  b"),
        ("plain", "plain"),
    ],
)
def test_what_the_agent_wrote_for_itself_is_not_visible(text, seen):
    assert services.visible(text) == seen


def test_a_sent_message_waits_in_the_outbox(chat):
    message = send(chat, "hi <internal>x</internal>", thread_id="7")
    assert (message.text, message.delivery, message.thread_id) == ("hi", "queued", "7")


def test_nothing_visible_is_not_sent(chat):
    assert services.send_message(chat, text="<internal>x</internal> ") is None
    assert not Message.objects.exists()


def test_only_what_did_not_arrive_is_sent_again(chat):
    message = send(chat, "hi")
    message.claim_delivery()
    message.mark_failed("blocked")
    assert services.resend(message)
    assert Message.objects.get().delivery == "queued"
    message.claim_delivery()
    message.mark_sent()
    assert not services.resend(message)
    assert Message.objects.get().delivery == "sent"


def test_a_discovered_chat_is_registered_to_a_group(chat):
    group = Group.objects.get()
    found = Chat.objects.create(channel=chat.channel, external_id="-9", title="Family")
    assert list(Chat.objects.discovered()) == [found]
    services.register_chat(found, group=group)
    assert not Chat.objects.discovered().exists()
