"""The commands that there are: each a name, a line of help, who may, and a function that answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from apps.chats import platforms
from apps.chats.models import Channel, Chat, Group, Message, Sender

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class CommandRefusedError(Exception):
    """The command is not carried out; the sentence is for the chat."""


@dataclass(frozen=True, slots=True)
class Call:
    """Who wrote the command, where, and what stands behind it; the message is stored."""

    message: Message
    sender: Sender
    argument: str

    @property
    def chat(self) -> Chat:
        return self.message.chat

    @property
    def channel(self) -> Channel:
        return self.message.chat.channel

    @property
    def thread_id(self) -> str:
        return self.message.thread_id

    @property
    def group(self) -> Group:
        """Raises CommandRefusedError."""
        if self.chat.group is None:
            raise CommandRefusedError(_("This chat belongs to no group yet."))
        return self.chat.group

    @property
    def is_admin(self) -> bool:
        return self.sender.access == Sender.Access.ADMIN

    @property
    def is_on_our_page(self) -> bool:
        """An admin on the chat page is a user of this installation who may change groups."""
        return self.channel.platform == platforms.WEB


Answer = Callable[[Call], str]


@dataclass(frozen=True, slots=True)
class Command:
    """`usage`: what may stand behind the name."""

    name: str
    help: "StrOrPromise"
    answer: Answer
    usage: "StrOrPromise" = ""
    admins_only: bool = False

    @property
    def line(self) -> str:
        return f"/{self.name}{' ' if self.usage else ''}{self.usage}: {self.help}"


_commands: dict[str, Command] = {}


def command(
    name: str,
    help: "StrOrPromise",  # noqa: A002 - it is help
    *,
    usage: "StrOrPromise" = "",
    admins_only: bool = False,
) -> Callable[[Answer], Answer]:
    """Registers `function(call) -> the answer, in CommonMark`, in the transaction that stores the message."""

    def register(answer: Answer) -> Answer:
        _commands[name] = Command(name, help, answer, usage, admins_only)
        return answer

    return register


def named(name: str) -> Command | None:
    return _commands.get(name.lower())


def for_everybody() -> list[Command]:
    """By name: what a platform may show in its own menu."""
    return sorted((each for each in _commands.values() if not each.admins_only), key=lambda each: each.name)


def offered_to(call: Call) -> list[Command]:
    return [each for each in _commands.values() if call.is_admin or not each.admins_only]
