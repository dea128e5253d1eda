"""The contract between the product and a platform: an adapter has two verbs, and one error."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar

from django.conf import settings
from django.utils.translation import gettext as _

from apps.chats.inbound import InboundMessage
from apps.chats.models import Channel, Message


class PlatformError(Exception):
    """The platform said no, or did not answer; the sentence is for a person and holds no secret.

    permanent: trying again cannot help. retry_after: seconds the platform asked us to wait.
    ambiguous: the request may have arrived, nobody knows. moved_to: the chat's new id.
    """

    def __init__(
        self,
        sentence: str,
        *,
        permanent: bool = False,
        retry_after: float | None = None,
        ambiguous: bool = False,
        moved_to: str = "",
    ) -> None:
        super().__init__(sentence)
        self.permanent = permanent
        self.retry_after = retry_after
        self.ambiguous = ambiguous
        self.moved_to = moved_to


class PayloadError(Exception):
    """What arrived is not what the platform says it sends; the sentence quotes nothing of it."""


class Alive(Enum):
    """What `listen` may yield beside messages: the connection answered, though nobody wrote."""

    TICK = "tick"


@dataclass(frozen=True, slots=True)
class Moved:
    """The platform gave a chat another id (a Telegram group became a supergroup)."""

    chat_id: str
    new_chat_id: str


class Batch(list[InboundMessage]):
    """Messages that arrived together; the platform is told so only once all of them are stored."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the platform tells later of a part it took: it arrived, or (with a sentence) it did not."""

    part_id: str
    failed: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are on the platform; kept in `channel.identity`, for webhooks that must know it without asking."""

    ids: Mapping[str, str]


Event = Batch | Moved | Receipt | Identity | Alive


@dataclass(frozen=True, slots=True)
class Button:
    """What people may press under a message; the token comes back as `InboundMessage.pressed`."""

    token: str
    label: str


@dataclass(frozen=True, slots=True)
class Buttons:
    """What a platform can show of them."""

    most: int
    longest: int  # characters of a label
    text: int = 0  # the most that the text above them may have, in the dialect's unit; 0: what every text may have


@dataclass(frozen=True, slots=True)
class OutboundPart:
    """One piece that fits the platform; rendered already, `plain` is the same without markup."""

    chat_id: str
    text: str
    plain: str
    thread_id: str = ""
    reply_to: str = ""
    idempotency_key: str = ""
    buttons: tuple[Button, ...] = ()  # as `Adapter.buttons` allows


@dataclass(frozen=True, slots=True)
class OutboundFile:
    """One file on its way out; the caption is rendered already, and fits."""

    chat_id: str
    name: str
    mime: str
    content: bytes
    kind: Message.Kind  # IMAGE: to be shown; FILE: to be kept
    caption: str = ""
    plain: str = ""  # the caption without markup
    thread_id: str = ""
    reply_to: str = ""
    idempotency_key: str = ""


@dataclass(frozen=True, slots=True)
class Rate:
    """At most so many in so many seconds; `count` of them may come at once."""

    count: float
    seconds: float


class Adapter(ABC):
    """One channel's connection. Made by the listeners, used in their event loop, closed by them.

    An `async for` over `listen` is resumed only after the commit: whatever acknowledges (an offset, an envelope)
    happens when the iteration goes on. Its first event says that the connection stands; it raises PlatformError
    (permanent: stay down until somebody edits the channel). Everything else is called only while the connection
    stands, and raises PlatformError.
    """

    dialect: ClassVar[str] = "plain"  # a platform whose `dialect.py` renders for it; "web": the markdown as it is
    idempotent: ClassVar[bool] = False  # the platform drops a second part with the same idempotency key
    typing_every: ClassVar[float] = 0  # seconds after which "typing…" must be renewed; 0: the platform has none
    edit_every: ClassVar[float] = 0  # seconds between two edits of a message; 0: the platform edits none
    buttons: ClassVar[Buttons | None] = None  # `send` shows a part's buttons
    files: ClassVar[bool] = False  # `send_file` works
    names_people: bool = False  # messages come without names, and `name_of` knows them
    caption_limit: ClassVar[int] = 0  # the most a file's caption may have, in the dialect's unit; 0: no captions
    rate: ClassVar[Rate | None] = None  # what the platform allows this whole channel to send

    @abstractmethod
    def __init__(self, channel: Channel) -> None:
        """Raises CredentialError or PlatformError; does not connect yet."""

    @classmethod
    def of(cls, channel: Channel) -> "Adapter":
        """The channel's adapter; a platform with several kinds of channels decides here. Raises as `__init__` does."""
        return cls(channel)

    @abstractmethod
    def listen(self) -> AsyncGenerator[Event, None]:
        """Everything that arrives, until it raises or is closed."""

    @abstractmethod
    async def send(self, part: OutboundPart) -> str:
        """Delivers one part and returns the platform's id of it."""

    async def send_file(self, part: OutboundFile) -> str:
        """The same for a file; called only where `files` is true."""
        raise NotImplementedError

    async def edit(self, message_id: str, part: OutboundPart) -> None:
        """Replaces a sent part; called only where `edit_every` is set. That nothing changed is no error."""
        raise NotImplementedError

    async def settle(self, message_id: str, part: OutboundPart) -> None:
        """The question in it is answered: replaces the part that has buttons by one that has none."""
        if self.edit_every:
            await self.edit(message_id, part)

    def download(self, source: Mapping[str, Any]) -> AsyncGenerator[bytes, None]:
        """The bytes of an attachment by the `source` that the payload's translation gave it; who reads it counts."""
        raise PlatformError(_("This platform's files cannot be fetched."), permanent=True)

    async def name_of(self, sender_id: str) -> str:
        """What this person is called; empty: the platform does not say. Called only where `names_people` is true."""
        return ""

    async def show_typing(self, chat_id: str, thread_id: str) -> None:  # noqa: B027 - not every platform has it
        """Shows once that the agent works."""

    async def react(self, chat_id: str, message_id: str, emoji: str) -> None:  # noqa: B027 - nor this
        """Puts the emoji (a Unicode one) under somebody's message; nothing where the platform has no reactions."""

    def chat_rate(self, chat_id: str) -> Rate | None:
        """What the platform allows in this one chat."""
        return None

    async def close(self) -> None:  # noqa: B027 - not every adapter holds something
        """Lets go of everything; safe to call twice and before `listen`."""


async def ticks() -> AsyncGenerator[Event, None]:
    """What `listen` goes on with where everything arrives by webhook: nothing, and that all is well."""
    while True:
        yield Alive.TICK
        await asyncio.sleep(settings.CHANNEL_STALL_TIMEOUT / 3)
