"""A thread that plays the agent worker: it writes the rows that the real one writes."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection

from apps.agents.models import Run, RunStatus, RunStep
from apps.agents.services import announce
from apps.chats.models import Message
from apps.chats.services import send_message

Turn = Callable[[Run], str]  # returns the error, empty for a success


@contextmanager
def worker(turn: Turn, *, told: bool = True) -> Iterator[None]:
    """Takes queued runs until the context ends. told=False: its publications are lost."""
    stop = threading.Event()
    thread = threading.Thread(target=_work, args=(stop, turn, told), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(60)
        assert not thread.is_alive()


def _work(stop: threading.Event, turn: Turn, told: bool) -> None:
    try:
        while not stop.is_set():
            run = Run.objects.filter(status=RunStatus.QUEUED).first()
            if run is None or not run.claim("test"):
                time.sleep(0.02)
                continue
            if run.chat:
                Message.objects.unhandled(run.chat, run.thread_id).update(run=run)
            error = turn(run)
            run.finish(RunStatus.FAILED if error else RunStatus.SUCCEEDED, error)
            if told:
                announce(run)
    finally:
        connection.close()


def answers(text: str, *more: str) -> Turn:
    def turn(run: Run) -> str:
        assert run.chat
        RunStep.objects.create(run=run, seq=1, kind="tool", summary="looked it up", detail="…")
        for line in (text, *more):
            send_message(run.chat, text=line, run_id=run.pk)
        return ""

    return turn


def fails(run: Run) -> str:
    assert run.chat
    send_message(run.chat, text="It did not work.", run_id=run.pk, kind=Message.Kind.NOTICE)
    return "The key is wrong."
