"""A worker that answers slowly and on command, so that a browser can be watched while an answer is written.

    python -m tests.browser.played_worker

It claims runs as the real worker does and writes the same rows; only the agent is played.
"""

import time
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import transaction  # noqa: E402

from apps.agents import services  # noqa: E402
from apps.agents.models import Run, RunStatus  # noqa: E402
from apps.chats.models import Message  # noqa: E402
from apps.chats.services import send_message  # noqa: E402
from apps.events import hooks  # noqa: E402
from apps.events.pubsub import subscription  # noqa: E402

PACE_S = 0.04
HELD = settings.DATA_DIR / "held"  # while it is there, what was said whole is not ended


def main() -> None:
    with subscription(services.RUNS) as receive:
        while True:
            for run in Run.objects.filter(status=Run.Status.QUEUED).select_related("session__group", "chat__channel"):
                if run.claim("played"):
                    services.announce(run)
                    answer(run, receive)
            receive(0.05)


def answer(run: Run, receive: Any) -> None:
    assert run.chat
    asked = list(Message.objects.unhandled(run.chat))
    text = asked[-1].text if asked else ""
    Message.objects.filter(pk__in=[message.pk for message in asked]).update(run=run)
    if text.startswith("fail "):
        end(run, Run.Status.FAILED, error=text.removeprefix("fail "))
        return
    said = ""
    for word in f"You said: **{text}** <internal>my secret plan</internal> and that is all.".split(" "):
        said += f"{word} "
        hooks.run_delta.fire(run=run, text=f"{word} ")
        if is_stopped(run, receive):
            end(run, Run.Status.CANCELLED, text=said)
            return
        time.sleep(PACE_S)
    while HELD.exists() and not is_stopped(run, receive):
        pass
    end(run, Run.Status.CANCELLED if is_stopped(run, receive) else Run.Status.SUCCEEDED, text=said)


def is_stopped(run: Run, receive: Any) -> bool:
    """Looked at when something was published, or nothing for a moment."""
    receive(PACE_S)
    return Run.objects.filter(pk=run.pk, stop_requested=True).exists()


@transaction.atomic
def end(run: Run, status: RunStatus, *, text: str = "", error: str = "") -> None:
    run.finish(status, error)
    assert run.chat
    if message := send_message(run.chat, text=text, run_id=run.pk):
        Message.objects.filter(pk=message.pk).update(delivery=Message.Delivery.SENT)
    transaction.on_commit(lambda: services.announce(run))


if __name__ == "__main__":
    main()
