from datetime import timedelta
from io import BytesIO, StringIO, TextIOWrapper

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.api import tokens
from apps.api.management.commands import ask as asking_command
from apps.api.models import ApiToken
from apps.chats.models import Message
from tests.api.worker import answers, fails, worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_server")]


def createtoken(*arguments: str) -> str:
    out = StringIO()
    call_command("createtoken", *arguments, stdout=out)
    return out.getvalue()


def test_createtoken_prints_the_token_and_nothing_else(family):
    printed = createtoken("ci", "--scope", "read", "--scope", "write", "--group", "family", "--expires", "30")
    row = tokens.find(printed.removesuffix("\n"))
    assert row
    assert (row.name, row.scopes, row.restricted, list(row.groups.all())) == ("ci", ["read", "write"], True, [family])
    assert row.expires_at
    assert timedelta(days=29) < row.expires_at - timezone.now() < timedelta(days=31)


def test_a_token_may_write_and_see_every_group_unless_said_otherwise(family):
    row = tokens.find(createtoken("ci").strip())
    assert row
    assert (row.scopes, row.restricted, row.expires_at) == (["write"], False, None)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["ci", "--scope", "root"], "invalid choice: 'root'"),
        (["ci", "--group", "nobody"], "There is no group 'nobody'"),
        (["ci", "--expires", "soon"], "no number of days"),
        (["ci", "--expires", "0"], "more than 0"),
        (["taken"], "already exists"),
        ([""], "name: This field cannot be blank"),
    ],
)
def test_a_bad_token_is_a_sentence_and_not_made(arguments, sentence):
    createtoken("taken")
    with pytest.raises(CommandError, match=sentence):
        createtoken(*arguments)
    assert ApiToken.objects.count() == 1


def ask(*arguments: str) -> tuple[int, str, str]:
    """The exit code, what was printed, and what was said beside it."""
    out, errors = StringIO(), StringIO()
    try:
        call_command("ask", *arguments, stdout=out, stderr=errors)
    except CommandError as error:
        return error.returncode, out.getvalue(), errors.getvalue() + str(error)
    return 0, out.getvalue(), errors.getvalue()


def test_ask_prints_the_answer(family):
    with worker(answers("four")):
        assert ask("family", "two and two?", "--wait", "20") == (0, "four\n", "")
    assert Message.objects.inbound().get().text == "two and two?"


def test_ask_says_why_a_run_failed(family):
    with worker(fails):
        assert ask("family", "hello", "--wait", "20") == (1, "", "failed: The key is wrong.")


@pytest.mark.parametrize("arguments", [["nobody", "hello"], ["family", " "], ["family", "x" * 32_001]])
def test_ask_refuses_what_cannot_be_asked(family, arguments):
    code, printed, said = ask(*arguments)
    assert (code, printed) == (2, "")
    assert said
    assert not Message.objects.exists()


def test_ask_takes_the_bytes_of_a_shell_and_refuses_a_file_that_is_no_text(family, monkeypatch):
    assert ask("family", "caf\udce9?", "--wait", "0")[0] == 3  # as Python hands on what is no UTF-8
    assert Message.objects.get().text == "caf??"
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(b"\xff\xfe"), encoding="utf-8"))
    code, _, said = ask("family", "-")
    assert (code, "Standard input is no text" in said) == (2, True)


@pytest.mark.parametrize("wait", ["-3", "nan", "soon", "inf"])
def test_ask_refuses_a_wait_that_is_none(family, wait):
    with pytest.raises(CommandError, match="seconds"):
        call_command("ask", "family", "hello", f"--wait={wait}")
    assert not Message.objects.exists()


def test_ask_says_that_nothing_works_on_it_and_gives_up(family, monkeypatch):
    monkeypatch.setattr(asking_command, "PATIENCE", 0.3)
    code, printed, said = ask("family", "hello", "--wait", "1")
    assert (code, printed) == (3, "")
    assert "Is the service running" in said
    assert "No answer in 1 s" in said
