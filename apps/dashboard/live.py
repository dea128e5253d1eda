"""What happens in a chat, told to the pages that show it: ids and small texts over Redis, never the truth.

Topic `chat.<pk>`, payload `kind`:
  message {message}        stored, or its delivery changed: draw it again
  run     {}               a run's state changed: draw the state again
  delta   {run, at, text}  a piece of the answer; `at` is its place, 0 replaces what is shown
"""

import threading
import time
from collections import OrderedDict

from apps.agents.deltas import Stream
from apps.agents.models import Question, Run, RunStep
from apps.chats.models import Message
from apps.events import hooks
from apps.events.pubsub import publish

COALESCE_S = 0.04
WHOLE_EVERY_S = 2.0  # a page that joined late, or missed a piece, has everything again after this
REDIS_AWAY_S = 1.0
MOST_STREAMS = 256


def topic(chat_id: int) -> str:
    return f"chat.{chat_id}"


def attach() -> None:
    hooks.message_stored.attach(tell_message)
    hooks.message_delivered.attach(tell_message)
    hooks.question_changed.attach(tell_question)
    hooks.run_changed.attach(tell_run)
    hooks.run_step.attach(tell_step)
    hooks.run_delta.attach(tell_delta)


def tell_message(message: Message) -> None:
    publish(topic(message.chat_id), kind="message", message=message.pk)


def tell_question(question: Question) -> None:
    """Its messages are drawn again, with its buttons or without."""
    for message_id, chat_id in question.messages.values_list("pk", "chat"):
        publish(topic(chat_id), kind="message", message=message_id)


def tell_run(run: Run) -> None:
    if run.status != Run.Status.RUNNING:
        _deltas.forget(run.pk)
    if run.chat_id:
        publish(topic(run.chat_id), kind="run")


def tell_step(step: RunStep) -> None:
    if step.kind == "text":  # the deltas have told it
        return
    _deltas.pause(step.run_id)
    if step.run.chat_id:
        publish(topic(step.run.chat_id), kind="run")


def tell_delta(run: Run, text: str) -> None:
    if run.chat_id:
        _deltas.feed(run.pk, topic(run.chat_id), text)


class Deltas:
    """Gathers each run's pieces for some milliseconds; one thread for each process, begun at the first piece."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._streams: OrderedDict[int, Stream] = OrderedDict()
        self._waiting = threading.Event()
        self._teller: threading.Thread | None = None

    def feed(self, run_id: int, to: str, text: str) -> None:
        with self._lock:
            stream = self._streams.get(run_id) or self._streams.setdefault(run_id, Stream(topic=to))
            stream.feed(text)
            if len(self._streams) > MOST_STREAMS:
                self._streams.popitem(last=False)
            if self._teller is None or not self._teller.is_alive():
                self._teller = threading.Thread(target=self._tell, name="deltas", daemon=True)
                self._teller.start()
        self._waiting.set()

    def pause(self, run_id: int) -> None:
        """The agent did something else: what it writes next begins a paragraph."""
        with self._lock:
            if stream := self._streams.get(run_id):
                stream.pause = True

    def forget(self, run_id: int) -> None:
        with self._lock:
            self._streams.pop(run_id, None)

    def _tell(self) -> None:
        while True:
            self._waiting.wait()
            time.sleep(COALESCE_S)
            self._waiting.clear()
            for to, payload in self._untold():
                if not publish(to, kind="delta", **payload):
                    time.sleep(REDIS_AWAY_S)
                    break

    def _untold(self) -> list[tuple[str, dict[str, object]]]:
        now, untold = time.monotonic(), []
        with self._lock:
            for run_id, stream in self._streams.items():
                whole = now - stream.whole_at > WHOLE_EVERY_S
                if piece := stream.untold(whole=whole):
                    stream.whole_at = now if whole else stream.whole_at
                    untold.append((stream.topic, {"run": run_id, "at": piece[0], "text": piece[1]}))
        return untold


_deltas = Deltas()
