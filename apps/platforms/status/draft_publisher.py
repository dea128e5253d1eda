"""The worker's side of answers shown while they are written: the text so far, now and then, to the listeners."""

import threading
import time
from collections import OrderedDict

from apps.agents.deltas import Stream
from apps.agents.models import Run, RunStep
from apps.events import hooks
from apps.events.pubsub import publish

DRAFTS = "drafts"  # payload: run, text (all of it so far)
EVERY = 0.5  # seconds between two publications of one run
MOST = 256  # runs at once


def attach() -> None:
    hooks.run_delta.attach(tell_delta)
    hooks.run_step.attach(tell_step)
    hooks.run_changed.attach(tell_run)


def tell_delta(run: Run, text: str) -> None:
    if not run.chat or not run.chat.channel.is_on("stream"):
        return
    with _lock:
        stream = _streams.setdefault(run.pk, Stream(topic=DRAFTS))
        stream.feed(text)
        if len(_streams) > MOST:
            _streams.popitem(last=False)
        if time.monotonic() - stream.whole_at < EVERY or stream.untold(whole=True) is None:
            return
        stream.whole_at = time.monotonic()
    publish(DRAFTS, run=run.pk, text=stream.text)


def tell_step(step: RunStep) -> None:
    """The agent did something else: what it writes next begins a paragraph."""
    with _lock:
        if step.kind != "text" and (stream := _streams.get(step.run_id)):
            stream.pause = True


def tell_run(run: Run) -> None:
    if run.status != Run.Status.RUNNING:
        with _lock:
            _streams.pop(run.pk, None)


_lock = threading.Lock()
_streams: OrderedDict[int, Stream] = OrderedDict()
