"""For what happens elsewhere: in another thread, another process, a container."""

import threading
import time
from collections.abc import Callable
from typing import Any

DAY = 24 * 60 * 60.0  # seconds


def until(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    """What the condition returned once it was true; AssertionError after the time."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, f"not true after {seconds:g} s: {condition}"
        time.sleep(0.02)
    return result


def in_time(seconds: float, attempt: Callable[[], float], tries: int = 3) -> None:
    """`attempt` says how long it took; one of so many keeps the promise, which a stall of the machine does not end."""
    took: list[float] = []
    while not took or took[-1] >= seconds:
        assert len(took) < tries, f"not within {seconds:g} s: {took}"
        took.append(attempt())


def leave_midnight_behind(seconds: float = 30.0) -> None:
    """For what is counted by the day (UTC): so much of it is left, be it that the next one has to come first."""
    left = DAY - time.time() % DAY
    if left < seconds:
        time.sleep(left)


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
