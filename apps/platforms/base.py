"""The contract between the product and a platform: an adapter has two verbs, and one error."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar, Protocol

from apps.chats.inbound import InboundMessage
from apps.chats.models import Channel


class PlatformError(Exception):
    """The platform said no, or did not answer; the sentence is for a person.

    permanent: trying again cannot help. retry_after: seconds the platform asked us to wait.
    ambiguous: the request may have arrived, nobody knows.
    """

    def __init__(
        self, sentence: str, *, permanent: bool = False, retry_after: float | None = None, ambiguous: bool = False
    ) -> None:
        super().__init__(sentence)
        self.permanent = permanent
        self.retry_after = retry_after
        self.ambiguous = ambiguous


class Alive(Enum):
    """What `listen` may yield beside messages: the connection answered, though nobody wrote."""

    TICK = "tick"


@dataclass(frozen=True, slots=True)
class OutboundPart:
    """One piece that fits the platform; rendered already, `plain` is the same without markup."""

    chat_id: str
    text: str
    plain: str
    thread_id: str = ""
    reply_to: str = ""
    idempotency_key: str = ""
    buttons: list[str] = field(default_factory=list)


class Batch(list[InboundMessage]):
    """Messages that arrived together; the platform is told so only once all of them are stored."""


class Adapter(Protocol):
    """One channel's connection. Made by the supervisor, used in its event loop, closed by it.

    `listen` yields what arrives and is resumed only after the commit: whatever acknowledges (an offset, an envelope)
    happens when the iteration goes on. It raises PlatformError (permanent: stay down until somebody edits the channel).
    """

    # Rendering: the dialect's name and the most a part may hold, in the dialect's own unit.
    dialect: ClassVar[str]

    def __init__(self, channel: Channel) -> None: ...

    def listen(self) -> AsyncIterator[Batch | Alive]: ...

    async def send(self, part: OutboundPart) -> str:
        """Delivers one part and returns the platform's id of it; raises PlatformError."""
        ...

    def typing(self, chat_id: str, thread_id: str) -> AbstractAsyncContextManager[None]:
        """Shows that the agent works, as long as the context is open; platforms without it do nothing."""
        return nullcontext()

    async def close(self) -> None: ...
