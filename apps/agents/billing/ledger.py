"""What one attempt of a run spends: admitted and booked by the gateway's threads, written by the run's own."""

import threading
import time
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import IntegrityError, close_old_connections, transaction
from django.db.models import F, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.agents.billing import budgets, notices
from apps.agents.models import Run, RunUsage
from apps.agents.pricing import Usage
from apps.agents.providers import pool
from apps.chats import incidents

EVERY = 2.0  # seconds between looks at the rows during a turn
AT_LATEST = 6.0
SETTLED = 1.0  # seconds after a call in which its answer may still be on its way: nothing is looked at then

_told_of: set[tuple[str, str]] = set()  # providers' models whose missing price this process has told


@dataclass(slots=True)
class Entry:
    """What is not written yet of one provider's model."""

    calls: int = 0
    usage: Usage = field(default_factory=Usage)
    is_priced: bool = True


class Ledger:
    """`admit` and `book` are for any thread and ask no database; the others for the run's own."""

    def __init__(self, run: Run) -> None:
        self.run, self.total, self.model = run, Usage(), ""
        self._lock = threading.Lock()
        self._pending: dict[tuple[str, str], Entry] = {}
        self._calls = self._under_way = 0
        self._since_look = Decimal(0)  # spent after the ceilings were looked at
        self._booked_at = self._looked_at = time.monotonic()
        self._closed = False
        self._stopped_by: budgets.Ceiling | None = None
        self._group = run.group
        self._ceilings: list[budgets.Ceiling] = []
        self._cost_before = Decimal(run.cost_usd)  # by earlier attempts
        self._calls_before = _calls_of(run) if run.begun_before and self._group.max_turns else 0

    def begin(self) -> None:
        """The agent has its prompt: while it thinks, the rows are asked what it may spend, and where."""
        pool.refresh()
        self._ceilings = budgets.ceilings(self._group)

    def admit(self) -> str:
        """Empty: the call may be made, and `ended` must follow. Else why the run has to end."""
        with self._lock:
            if not (why := self._refusal()):
                self._under_way += 1
            return why

    def ended(self) -> None:
        with self._lock:
            self._under_way -= 1

    def book(self, provider: str, model: str, usage: Usage, *, is_priced: bool) -> None:
        """Counts an answered call. What comes after `close` is written at once."""
        with self._lock:
            entry = self._pending.setdefault((provider, model), Entry())
            entry.calls += 1
            entry.usage.add(usage)
            entry.is_priced = entry.is_priced and is_priced
            self.total.add(usage)
            self.model = model
            self._calls += 1
            self._since_look += usage.cost_usd
            self._booked_at = time.monotonic()
            late = self._closed
        if late:
            try:
                self.write()
            finally:
                close_old_connections()

    def keep(self) -> None:
        """During the turn, every few seconds: sees what other runs spend."""
        now = time.monotonic()
        since = now - self._looked_at
        if since < EVERY or (since < AT_LATEST and now - self._booked_at < SETTLED):
            return
        self._looked_at = now
        pool.refresh()
        self.write()
        budgets.reread(self._group)
        ceilings = budgets.ceilings(self._group)
        with self._lock:  # what was booked meanwhile is in no row yet
            self._ceilings = ceilings
            self._since_look = sum((entry.usage.cost_usd for entry in self._pending.values()), Decimal(0))
        notices.warn_if_near(self.run, self._ceilings)

    def close(self) -> None:
        """The attempt is over, however it ended: all of it is counted, and the admins hear what is nearly spent."""
        self._closed = True
        self.write()
        if self._stopped_by:
            notices.note_told(self.run, self._stopped_by)
        if self._ceilings and self.total.cost_usd:
            notices.warn_if_near(self.run, budgets.ceilings(self._group))

    def _refusal(self) -> str:
        group = self._group
        calls = self._calls_before + self._calls + self._under_way
        if group.max_turns is not None and calls >= group.max_turns:
            return _("The run has made the %d model calls that one run may make.") % group.max_turns
        spent, ceiling = self._cost_before + self.total.cost_usd, group.run_budget_usd
        if ceiling is not None and spent >= ceiling:
            said = _("The run has spent US$ %(spent).2f; one run of this group may spend %(ceiling).2f.")
            return said % {"spent": spent, "ceiling": ceiling}
        for budget in self._ceilings:
            if budget.left <= self._since_look:
                self._stopped_by = budget
                return budget.sentence
        return ""

    def write(self) -> None:
        """What was booked becomes rows, which other runs see."""
        with self._lock:
            pending, self._pending = self._pending, {}
        if not pending:
            return
        try:
            with transaction.atomic():
                for (provider, model), entry in pending.items():
                    _add(self.run, provider, model, entry)
        except Exception:
            self._take_back(pending)
            raise
        for (provider, model), entry in pending.items():
            if not entry.is_priced:
                _tell_missing_price(provider, model)

    def _take_back(self, unwritten: dict[tuple[str, str], Entry]) -> None:
        """What the database refused is written the next time."""
        with self._lock:
            for key, entry in unwritten.items():
                booked = self._pending.setdefault(key, Entry())
                booked.calls += entry.calls
                booked.usage.add(entry.usage)
                booked.is_priced = booked.is_priced and entry.is_priced


def _add(run: Run, provider: str, model: str, entry: Entry) -> None:
    """To the run's totals and to its row for this provider's model."""
    usage = entry.usage
    if not run.add_usage(usage, model):
        return budgets.count_of_deleted(usage.cost_usd, timezone.now())
    amounts: dict[str, int | Decimal] = {
        "calls": entry.calls,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "cost_usd": usage.cost_usd,
    }
    row = RunUsage.objects.filter(run_id=run.pk, provider=provider[:100], model=model[:100])
    more = {name: F(name) + amount for name, amount in amounts.items()}
    if row.update(**more):
        return None
    try:
        with transaction.atomic():
            RunUsage.objects.create(run_id=run.pk, provider=provider[:100], model=model[:100], **amounts)
    except IntegrityError:  # another thread was faster
        row.update(**more)
    return None


def _tell_missing_price(provider: str, model: str) -> None:
    if (provider, model) in _told_of:
        return
    _told_of.add((provider, model))
    sentence = _(
        "No price is known for the model %(model)s of the provider %(provider)s: its tokens are counted, its cost is"
        " not, and no budget holds it. Name its prices with the provider in the admin."
    ) % {"model": model, "provider": provider}
    incidents.record("unknown price", provider, sentence)


def _calls_of(run: Run) -> int:
    return RunUsage.objects.filter(run=run).aggregate(calls=Sum("calls"))["calls"] or 0
