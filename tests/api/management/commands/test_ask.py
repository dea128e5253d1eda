from io import BytesIO, StringIO, TextIOWrapper

import pytest
from django.core.management import CommandError, call_command

from apps.api.management.commands import ask as asking_command
from apps.chats.models import Message
from tests.api.worker import answers, fails, worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_server")]


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
