"""What all stand-ins for a platform have in common: troubles on demand, and a memory of what arrived."""

import threading
from abc import ABC, abstractmethod
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

Json = dict[str, Any]


@dataclass(frozen=True)
class Hang:
    """Silence until `seconds` pass or the server stops; then the usual answer."""

    seconds: float = 60.0


@dataclass(frozen=True)
class Cut:
    """The connection is closed without an answer; `done`: after the request was carried out."""

    done: bool = False


@dataclass(frozen=True)
class Garbage:
    """Bytes that are not what is expected."""

    body: bytes = b"<html>not what you expect</html>"
    content_type: str = "text/html"


Call = TypeVar("Call")
Trouble = TypeVar("Trouble")


class StandIn(ABC, Generic[Call, Trouble]):
    """A context manager. Everything may be called from the test's thread."""

    def __init__(self) -> None:
        self.port = 0
        self.calls: list[Call] = []
        self.changed = threading.Condition()
        self._script: dict[str, deque[Trouble]] = defaultdict(deque)
        self._standing: dict[str, Trouble] = {}

    @abstractmethod
    def start(self) -> Self:
        """Also again after `stop`, on the same port: a network that was cut is back."""

    @abstractmethod
    def stop(self) -> None:
        """Cuts every connection."""

    @property
    def url(self) -> str:
        """What `options.api_base` should be."""
        return f"http://127.0.0.1:{self.port}"

    @property
    @abstractmethod
    def sent(self) -> list[Call]:
        """The messages that were delivered, in order of arrival."""

    def fail(self, name: str, *troubles: Trouble) -> None:
        """The coming requests of this name get these, in order."""
        self._script[name].extend(troubles)

    def keep_failing(self, name: str, trouble: Trouble | None) -> None:
        """Every request of this name gets it, until None is given."""
        if trouble is None:
            self._standing.pop(name, None)
        else:
            self._standing[name] = trouble

    def waiting(self, name: str) -> bool:
        """Whether there is a trouble left that no request of this name has met yet."""
        return bool(self._script[name])

    def trouble(self, name: str) -> Trouble | None:
        return self._script[name].popleft() if self._script[name] else self._standing.get(name)

    def wait_for(self, condition: Callable[[], Any], seconds: float = 30.0) -> Any:
        """What the condition says once it is true, looked at whenever something arrives; else AssertionError."""
        with self.changed:
            found = self.changed.wait_for(condition, seconds)
        assert found, f"not true after {seconds:g} s; arrived: {self.calls[-20:]}"
        return found

    def wait_for_sent(self, count: int, seconds: float = 30.0) -> list[Call]:
        self.wait_for(lambda: len(self.sent) >= count, seconds)
        return self.sent

    def note(self, notes: list[Any], note: Any) -> None:
        with self.changed:
            notes.append(note)
            self.changed.notify_all()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
