"""The contract between the product and a platform: an adapter has two verbs, and one error."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from apps.chats.inbound import InboundMessage
from apps.chats.models import Channel


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


Event = Batch | Moved | Alive


@dataclass(frozen=True, slots=True)
class OutboundPart:
    """One piece that fits the platform; rendered already, `plain` is the same without markup."""

    chat_id: str
    text: str
    plain: str
    thread_id: str = ""
    reply_to: str = ""
    idempotency_key: str = ""


class Adapter(ABC):
    """One channel's connection. Made by the listeners, used in their event loop, closed by them.

    An `async for` over `listen` is resumed only after the commit: whatever acknowledges (an offset, an envelope)
    happens when the iteration goes on. Its first event says that the connection stands; it raises PlatformError
    (permanent: stay down until somebody edits the channel). `send` is called only while the connection stands.
    """

    dialect: ClassVar[str] = "plain"  # a name in apps.platforms.rendering.DIALECTS
    idempotent: ClassVar[bool] = False  # the platform drops a second part with the same idempotency key
    typing_every: ClassVar[float] = 0  # seconds after which "typing…" must be renewed; 0: the platform has none

    @abstractmethod
    def __init__(self, channel: Channel) -> None:
        """Raises CredentialError or PlatformError; does not connect yet."""

    @abstractmethod
    def listen(self) -> AsyncGenerator[Event, None]:
        """Everything that arrives, until it raises or is closed."""

    @abstractmethod
    async def send(self, part: OutboundPart) -> str:
        """Delivers one part and returns the platform's id of it; raises PlatformError."""

    async def show_typing(self, chat_id: str, thread_id: str) -> None:  # noqa: B027 - not every platform has it
        """Shows once that the agent works; raises PlatformError."""

    async def close(self) -> None:  # noqa: B027 - not every adapter holds something
        """Lets go of everything; safe to call twice and before `listen`."""
