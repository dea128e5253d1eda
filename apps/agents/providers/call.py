"""A call that an agent makes over the link's http_* frames, to the model or to an MCP server."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Call:
    """One call on its way; `let_go` ends the wait of whoever carries it, when it is cancelled."""

    id: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytearray
    is_whole: bool = False  # all of it has come
    answered: bool = False
    cancelled: threading.Event = field(default_factory=threading.Event)
    let_go: Callable[[], None] | None = None

    def cancel(self) -> None:
        self.cancelled.set()
        if self.let_go:
            self.let_go()
