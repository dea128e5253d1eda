import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.management import call_command

from apps.chats.models import Channel, Group
from apps.chats.services import create_group
from nanogridbot.processes.bootstrap import first_start

pytestmark = pytest.mark.django_db


def test_first_start_makes_admin_main_and_the_chat_page() -> None:
    password = first_start()
    assert authenticate(username="admin", password=password)
    main = Group.objects.get(is_main=True)
    assert main.folder == "main"
    assert [chat.channel.platform for chat in main.chats.all()] == ["web"]


def test_later_starts_change_nothing() -> None:
    first_start()
    assert first_start() == ""
    assert (get_user_model().objects.count(), Group.objects.count(), Channel.objects.count()) == (1, 1, 1)


def test_admin_and_main_of_a_person_are_kept() -> None:
    get_user_model().objects.create_superuser("ann", password="hers")
    create_group(folder="family", is_main=True)
    assert first_start() == ""
    assert [group.folder for group in Group.objects.all()] == ["family"]


def test_command_prints_the_password_once(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("bootstrap")
    assert "the password " in capsys.readouterr().out
    call_command("bootstrap")
    assert capsys.readouterr().out == "Everything exists already.\n"
