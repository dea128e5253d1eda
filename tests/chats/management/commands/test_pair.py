import pytest
from django.core.management import CommandError

from apps.chats.models import Message, Pairing, Sender
from apps.chats.services import create_group
from tests.chats.management.commands.support import run

pytestmark = pytest.mark.django_db


def test_pair_lists_who_waits(waiting):
    assert f"{waiting.code}  Ann  telegram:42" in run("pair")


def test_pair_lets_in(waiting):
    create_group(folder="team")
    assert "served by team" in run("pair", waiting.code.lower(), "team")
    assert Sender.objects.get().access == Sender.Access.ALLOWED
    assert Message.objects.inbound().get().calls_agent


def test_pair_makes_the_first_admin(waiting):
    create_group(folder="team")
    run("pair", waiting.code, "team", "--admin")
    assert Sender.objects.get().access == Sender.Access.ADMIN


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [(["NONSENSE"], "no such code"), (["CODE", "nowhere"], "no group 'nowhere'"), (["CODE"], "name the group")],
)
def test_pair_says_why_not(waiting, arguments, sentence):
    given = [waiting.code if word == "CODE" else word for word in arguments]
    with pytest.raises(CommandError, match=sentence):
        run("pair", *given)
    assert Pairing.objects.exists()
