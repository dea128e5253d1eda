from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from apps.chats import platforms
from apps.chats.models import Channel, Chat, Group
from apps.chats.pairing import register
from apps.chats.services import create_group
from apps.chats.validation_errors import sentence

LONGEST_ID = 255


class Command(BaseCommand):
    help = "Registers a group: its folder, its place on the chat page, and the chats it serves. Prints the folder."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", metavar="FOLDER", help="letters, digits, _ and -; its workspace on disk")
        parser.add_argument("--name", default="", help="what people call it; default: the folder")
        parser.add_argument(
            "--chat",
            action="append",
            default=[],
            metavar="PLATFORM:EXTERNAL_ID",
            help="a chat it serves, seen before or not, as often as needed; CHANNELNAME/EXTERNAL_ID where a platform"
            " has several channels",
        )
        parser.add_argument("--trigger", default="", help="the text that calls the agent; default: @ and its name")
        parser.add_argument(
            "--engage",
            choices=Group.Engage.values,
            default=Group.Engage.MENTION,
            help="what calls the agent: every message, the trigger anywhere (or a mention of the bot, or a reply to"
            " it), or the trigger at the start; default: %(default)s",
        )
        parser.add_argument(
            "--senders",
            choices=Group.SenderPolicy.values,
            default=Group.SenderPolicy.OPEN,
            help="who may call: everybody in its chats, allowed senders, or strangers with a code too;"
            " default: %(default)s",
        )
        parser.add_argument("--main", action="store_true", help="the one group that may manage the others")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        if Group.objects.filter(folder=options["folder"]).exists():
            raise CommandError(f"The group {options['folder']!r} already exists.")
        chats = [_chat(reference) for reference in options["chat"]]  # first: what fails here leaves no folder
        try:
            group = create_group(
                folder=options["folder"],
                name=options["name"],
                trigger=options["trigger"],
                engage=options["engage"],
                sender_policy=options["senders"],
                is_main=options["main"],
            )
        except ValidationError as error:
            raise CommandError(sentence(error)) from error
        for chat in chats:
            register(chat, group=group)
        self.stdout.write(group.folder)


def _chat(reference: str) -> Chat:
    """The free chat that is meant, made where it was never seen; raises CommandError."""
    channel, external_id = _place(reference)
    chat, _ = Chat.objects.get_or_create(channel=channel, external_id=external_id)
    if chat.group:
        raise CommandError(f"The chat {reference} already belongs to the group {chat.group}.")
    return chat


def _place(reference: str) -> tuple[Channel, str]:
    """The channel and the platform's id of the chat."""
    platform, colon, rest = reference.partition(":")
    if not colon or platform not in platforms.names():
        platform, rest = "", reference
    name, slash, external_id = rest.partition("/")
    if slash:
        channel = _named(name, platform)
    elif platform:
        channel, external_id = _only(platform), rest
    else:
        raise CommandError(f"--chat {reference}: PLATFORM:EXTERNAL_ID or CHANNELNAME/EXTERNAL_ID is expected.")
    if not 0 < len(external_id) <= LONGEST_ID:
        raise CommandError(f"--chat {reference}: the platform's id of the chat is missing or too long.")
    return channel, external_id


def _named(name: str, platform: str) -> Channel:
    channel = Channel.objects.filter(name=name).first()
    if channel is None or platform not in ("", channel.platform):
        hint = "; an id with a slash in it is written CHANNELNAME/EXTERNAL_ID" if platform else ""
        raise CommandError(f"There is no channel {name!r}{f' on {platform}' if platform else ''}{hint}.")
    return channel


def _only(platform: str) -> Channel:
    found = list(Channel.objects.filter(platform=platform)[:20])
    if not found:
        raise CommandError(f"There is no channel on {platform}; add one first: manage.py addchannel {platform}.")
    if len(found) > 1:
        names = ", ".join(f"{channel.name}/…" for channel in found)
        raise CommandError(f"{platform} has several channels: say which one, CHANNELNAME/EXTERNAL_ID ({names}).")
    return found[0]
