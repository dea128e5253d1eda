"""The rules by which a run is tried again: how long it waits, and when it has waited or failed enough. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from apps.events.backoff import jittered

AGENT_AWAY_DELAY_S = 5.0  # until it is asked again whether agents can be started
NO_MONEY_DELAY_S = 30.0  # until it is asked again whether there is money
MAX_WAIT = timedelta(days=1)  # a run that nothing but its surroundings kept waiting for longer fails


@dataclass(frozen=True, slots=True)
class Retry:
    """Another try after `delay_s` seconds; one that does not count uses up no attempt."""

    delay_s: float
    counts: bool = True


def after_failure(attempt: int) -> Retry | None:
    """Returns the try that follows the failed attempt (the first is 1), or None when it was the last."""
    delays = settings.AGENT_RETRY_DELAYS
    return Retry(delays[attempt - 1]) if attempt <= len(delays) else None


def after_lost_worker(attempt: int) -> Retry | None:
    """Returns a try at once: the attempt counts, but nothing has to recover first."""
    return Retry(0) if after_failure(attempt) else None


def while_agents_are_away(requested_at: datetime, now: datetime) -> Retry | None:
    """Returns a try that does not count, or None when the run has waited a day."""
    return _waiting(requested_at, now, jittered(AGENT_AWAY_DELAY_S, 0.5, 1.5))


def while_money_is_spent(requested_at: datetime, now: datetime) -> Retry | None:
    """Returns a try that does not count, or None when the run has waited a day."""
    return _waiting(requested_at, now, jittered(NO_MONEY_DELAY_S, 0.8, 1.2))


def _waiting(requested_at: datetime, now: datetime, delay_s: float) -> Retry | None:
    return Retry(delay_s, counts=False) if requested_at + MAX_WAIT > now else None
