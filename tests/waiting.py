"""For what happens elsewhere: in another thread, another process, a container."""

import threading
import time
from collections.abc import Callable
from typing import Any


def until(condition: Callable[[], Any], seconds: float = 20.0) -> Any:
    """What the condition returned once it was true; AssertionError after the time."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, f"not true after {seconds:g} s: {condition}"
        time.sleep(0.02)
    return result


def in_thread(function: Callable[..., object], *arguments: Any) -> threading.Thread:
    """Begun already; its connection to the database ends with it."""
    from django.db import connection

    def call() -> None:
        try:
            function(*arguments)
        finally:
            connection.close()

    thread = threading.Thread(target=call)
    thread.start()
    return thread
