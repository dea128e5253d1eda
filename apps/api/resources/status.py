"""What runs here: version, agent, runtime, channels, queues."""

from datetime import datetime

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from ninja import Router, Schema

from apps.agents.models import Run, RunStatus
from apps.agents.sandbox.selection import chosen_agent, chosen_runtime
from apps.api.access import Caller, caller_of
from apps.chats.models import Channel, Message

router = Router(tags=["status"])

UNDELIVERED = (Message.Delivery.QUEUED, Message.Delivery.SENDING)


class ChoiceOut(Schema):
    name: str
    why: str


class ChannelOut(Schema):
    id: int
    platform: str
    name: str
    enabled: bool
    status: str
    status_detail: str
    last_event_at: datetime | None
    last_error: str
    last_error_at: datetime | None
    reconnects: int
    outbox: int


class QueuesOut(Schema):
    """Runs that wait, runs in progress, and messages that are not delivered yet."""

    queued_runs: int
    running_runs: int
    outbox: int


class StatusOut(Schema):
    version: str
    agent: ChoiceOut
    runtime: ChoiceOut
    channels: list[ChannelOut]
    queues: QueuesOut


@router.get("", response=StatusOut, summary="What runs here")
def read_status(request: HttpRequest) -> object:
    """A token that is restricted to groups sees the numbers of its groups, and no channels."""
    caller = caller_of(request)
    return {
        "version": settings.VERSION,
        "agent": chosen_agent(),
        "runtime": chosen_runtime(),
        "channels": list(_channels()) if caller.group_ids is None else [],
        "queues": _queues(caller),
    }


def _channels() -> QuerySet[Channel]:
    """`outbox`: what waits to be delivered there."""
    return Channel.objects.annotate(
        outbox=Count("chats__messages", filter=Q(chats__messages__delivery__in=UNDELIVERED))
    )


def _queues(caller: Caller) -> dict[str, int]:
    runs = Run.objects.filter(session__group__in=caller.groups()).order_by()
    counts = dict(runs.values_list("status").annotate(Count("pk")).filter(status__in=["queued", "running"]))
    waiting = Message.objects.outbound().filter(delivery__in=UNDELIVERED, chat__group__in=caller.groups())
    return {
        "queued_runs": counts.get(RunStatus.QUEUED, 0),
        "running_runs": counts.get(RunStatus.RUNNING, 0),
        "outbox": waiting.count(),
    }
