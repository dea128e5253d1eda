from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.chats import pairing
from apps.chats.models import Channel, Sender


class Command(BaseCommand):
    help = "Says what a person on a channel may do; somebody who has not written yet is made known."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("channel", metavar="CHANNEL", help="the channel's name")
        parser.add_argument("sender", metavar="ID", help="the platform's own id of the person")
        parser.add_argument("access", choices=Sender.Access.values)

    def handle(self, *args: Any, **options: Any) -> None:
        channel = Channel.objects.filter(name=options["channel"]).first()
        if channel is None:
            raise CommandError(f"There is no channel {options['channel']!r}.")
        if not 0 < len(options["sender"]) <= 255:
            raise CommandError("The person's id is missing or too long.")
        sender, _ = Sender.objects.get_or_create(channel=channel, external_id=options["sender"])
        pairing.set_access(sender, options["access"])
        self.stdout.write(f"{sender}: {sender.get_access_display()}")
