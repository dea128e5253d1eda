import asyncio
import getpass
import logging
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.agents.models import Run, RunStatus
from apps.api import conversation
from apps.api.database import in_thread
from apps.chats.models import Group, Message

FAILED, BAD_USAGE, TIMED_OUT = 1, 2, 3
LONGEST_WAIT = 86_400
PATIENCE = 5.0  # seconds until somebody who waits is told why


class Command(BaseCommand):
    help = (
        "Asks a group's agent and prints the answer. The message and the answer stand on the group's chat page too."
        " Exit codes: 0 answered, 1 the run failed, 2 bad usage or no such group, 3 no answer in time,"
        " 130 Ctrl-C; the agent goes on."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", metavar="FOLDER", help="the group's folder, such as main")
        parser.add_argument("prompt", metavar="PROMPT", help="what you ask; - reads it from standard input")
        parser.add_argument("--wait", type=_seconds, default=300, metavar="SECONDS", help="default: 300")

    def handle(self, *args: Any, **options: Any) -> None:
        group = Group.objects.filter(folder=options["folder"]).first()
        if group is None:
            raise CommandError(f"There is no group {options['folder']!r}.", returncode=BAD_USAGE)
        with _quiet_log():
            found = self._ask(group, _checked(options["prompt"]), options["wait"])
        if not found.is_over:
            raise CommandError(
                f"No answer in {options['wait']:g} s; it will stand on the chat page when it comes.",
                returncode=TIMED_OUT,
            )
        if found.run and found.run.status != RunStatus.SUCCEEDED:
            raise CommandError(f"{found.run.get_status_display()}: {found.run.error}", returncode=FAILED)
        if found.reply:
            self.stdout.write(found.reply)

    def _ask(self, group: Group, prompt: str, wait: float) -> conversation.Outcome:
        try:
            message = conversation.post(group, prompt, sender_id="console", sender_name=_user(), is_admin=True)
        except conversation.RefusedError as error:
            raise CommandError(str(error), returncode=FAILED) from error
        # A loop in this thread, not asgiref's in another: only so does Ctrl-C end the wait.
        return asyncio.run(self._settled(message, wait))

    async def _settled(self, message: Message, wait: float) -> conversation.Outcome:
        found = await conversation.settled(message, min(wait, PATIENCE))
        if not found.is_over and wait > PATIENCE:
            if reason := await in_thread(_reason_to_wait, found.run):
                self.stderr.write(reason)
            found = await conversation.settled(message, wait - PATIENCE)
        return found


def _user() -> str:
    """Of this machine; in a container the user may have a number only."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


@contextmanager
def _quiet_log() -> Iterator[None]:
    """Without the service, wake-ups are lost and logged; here one sentence says so."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def _seconds(words: str) -> float:
    try:
        seconds = float(words)
    except ValueError as error:
        raise ArgumentTypeError(f"{words!r} is no number of seconds") from error
    if not 0 <= seconds <= LONGEST_WAIT:
        raise ArgumentTypeError(f"from 0 to {LONGEST_WAIT} seconds are possible")
    return seconds


def _checked(prompt: str) -> str:
    try:
        text = sys.stdin.read() if prompt == "-" else prompt
    except UnicodeDecodeError as error:
        raise CommandError(f"Standard input is no text: {error.reason}.", returncode=BAD_USAGE) from error
    if not text.strip():
        raise CommandError("The prompt is empty.", returncode=BAD_USAGE)
    if len(text) > conversation.MOST_CHARACTERS:
        raise CommandError(
            f"The prompt has {len(text)} characters; at most {conversation.MOST_CHARACTERS} are taken.",
            returncode=BAD_USAGE,
        )
    return text


def _reason_to_wait(run: Run | None) -> str:
    """Empty while the agent works."""
    if run is None or run.status != RunStatus.QUEUED:
        return ""
    if run.session.runs.filter(status=RunStatus.RUNNING).exists():
        return "Waiting: the agent of this group is busy with another turn."
    if run.error:
        return f"Waiting: the last attempt failed, and will be repeated. {run.error}"
    return "Waiting: nothing has begun to work on it. Is the service running (manage.py up)?"
