"""The moments to which code inside a process may attach, as the live pages do.

    from apps.events import hooks

    @hooks.message_stored.attach
    def count(message): ...

A receiver gets the keyword arguments that the hook names. One that fails is logged and never stops the rest.
"""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

logger = logging.getLogger(__name__)

Receiver = TypeVar("Receiver", bound=Callable[..., Any])


class Hook:
    """A named moment; receivers run in the order in which they were attached."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.receivers: list[Callable[..., Any]] = []

    def attach(self, receiver: Receiver) -> Receiver:
        if receiver not in self.receivers:
            self.receivers.append(receiver)
        return receiver

    def fire(self, **arguments: Any) -> None:
        for receiver in self.receivers:
            self._call(receiver, arguments)

    def _call(self, receiver: Callable[..., Any], arguments: dict[str, Any]) -> Any:
        try:
            return receiver(**arguments)
        except Exception:
            logger.exception("%s failed at the hook %s", getattr(receiver, "__qualname__", receiver), self.name)
            return None


class Filter(Hook):
    """A moment at which a receiver may refuse: a receiver that returns a sentence stops what was about to happen."""

    def refusal(self, **arguments: Any) -> str:
        """The first receiver's sentence, or an empty string."""
        for receiver in self.receivers:
            if sentence := self._call(receiver, arguments):
                return str(sentence)
        return ""


message_arriving = Filter("message_arriving")  # inbound: InboundMessage, channel: Channel; inside intake's transaction
message_stored = Hook("message_stored")  # message: Message (in or out); after the commit
message_released = Hook("message_released")  # message: Message, held back so far, calls now; after the commit
message_delivered = Hook("message_delivered")  # message: Message; its delivery state changed; after the commit
question_changed = Hook("question_changed")  # question: Question; asked, answered, expired; after the commit
run_changed = Hook("run_changed")  # run: Run; queued, running, succeeded, failed, cancelled; after the commit
run_delta = Hook("run_delta")  # run: Run, text: str; a piece of the answer while it is written
run_step = Hook("run_step")  # step: RunStep; after the commit
