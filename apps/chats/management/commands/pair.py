from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from apps.chats import pairing
from apps.chats.models import Group, Sender


class Command(BaseCommand):
    help = "Lets a stranger in who was given this code, and answers the first message; without a code: who waits."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "code", metavar="CODE", nargs="?", default="", help="what the stranger was told; empty: list who waits"
        )
        parser.add_argument("folder", metavar="FOLDER", nargs="?", default="", help="serves a direct chat of nobody's")
        parser.add_argument("--admin", action="store_true", help="the person becomes an admin sender of the channel")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["code"]:
            self._list()
            return
        try:
            with transaction.atomic():
                found = pairing.find(options["code"])
                group = pairing.approve(found, group=_group(options["folder"]))
                if options["admin"]:
                    found.sender.grant(Sender.Access.ADMIN)
        except pairing.PairingError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{found.sender} is let in, served by {group.folder}.")

    def _list(self) -> None:
        waiting = list(pairing.pending(None))
        if not waiting:
            self.stderr.write("Nobody waits.")
        for each in waiting:
            self.stdout.write(f"{each.code}  {each.sender}  {each.chat.jid}  until {each.expires_at:%H:%M} UTC")


def _group(folder: str) -> Group | None:
    if not folder:
        return None
    if group := Group.objects.filter(folder__iexact=folder).first():
        return group
    raise CommandError(f"There is no group {folder!r}.")
