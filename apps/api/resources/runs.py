"""Runs: what the agent did, step by step."""

from datetime import datetime

from django.http import HttpRequest
from ninja import Router, Schema

from apps.agents.models import Run
from apps.api.access import caller_of
from apps.api.errors import ApiError

router = Router(tags=["runs"])

MOST_STEPS = 1000


class RunOut(Schema):
    id: int
    group: str
    cause: str
    status: str
    attempt: int
    error: str
    agent: str
    runtime: str
    model: str
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cost_usd: float
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @staticmethod
    def resolve_group(run: Run) -> str:
        return run.group.folder


class StepOut(Schema):
    seq: int
    kind: str
    summary: str
    detail: str
    created_at: datetime


class RunWithSteps(RunOut):
    steps: list[StepOut]

    @staticmethod
    def resolve_steps(run: Run) -> object:
        return run.steps.order_by("seq")[:MOST_STEPS]


@router.get("/{run_id}", response=RunWithSteps, summary="A run with its steps")
def read_run(request: HttpRequest, run_id: int) -> object:
    runs = Run.objects.filter(pk=run_id, session__group__in=caller_of(request).groups())
    if run := runs.select_related("session__group").first():
        return run
    raise ApiError(404, f"There is no run {run_id}.")
