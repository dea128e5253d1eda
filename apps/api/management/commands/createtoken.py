from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.api import tokens
from apps.api.models import Scope
from apps.chats.models import Group
from apps.chats.validation_errors import sentence


class Command(BaseCommand):
    help = "Makes a token for the API and prints it: this once only, for just its hash is kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME", help="which program uses it")
        parser.add_argument(
            "--scope",
            action="append",
            choices=Scope.values,
            help="read; write: send messages and manage scheduled tasks; admin: create and change groups."
            " Each includes the ones before it. May be given several times; default: write",
        )
        parser.add_argument(
            "--group",
            action="append",
            default=[],
            metavar="FOLDER",
            help="only this group; as often as needed; default: every group",
        )
        parser.add_argument("--expires", type=_days, metavar="DAYS", help="default: never")

    def handle(self, *args: Any, **options: Any) -> None:
        days = options["expires"]
        try:
            _, secret = tokens.issue(
                options["name"],
                scopes=options["scope"] or [Scope.WRITE],
                groups=_groups(options["group"]),
                expires_at=timezone.now() + timedelta(days=days) if days else None,
            )
        except ValidationError as error:
            raise CommandError(sentence(error)) from error
        self.stdout.write(secret)


def _days(words: str) -> float:
    try:
        days = float(words)
    except ValueError as error:
        raise ArgumentTypeError(f"{words!r} is no number of days") from error
    if not 0 < days <= 36500:
        raise ArgumentTypeError("more than 0 and at most 36500 days are possible")
    return days


def _groups(folders: Iterable[str]) -> list[Group]:
    found = {group.folder: group for group in Group.objects.filter(folder__in=folders)}
    for folder in folders:
        if folder not in found:
            raise CommandError(f"There is no group {folder!r}.")
    return list(found.values())
