"""What may be spent and what is: by a group in its own time zone, by the whole installation in the service's.

A run counts for the day and the month in which it ended; one that has not ended counts for the present ones.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import F, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.agents.models import InstallationBudget, Run, RunQuerySet, SpendingOfDeleted
from apps.chats.models import Group

NEAR = Decimal("0.8")  # of a budget: the admins are warned
FRESH_S = 2.0
LATE = timedelta(minutes=10)  # after midnight yesterday's last costs may still be written
MOST_PASTS = 1000
INSTALLATION = "installation"
MONTHS = timedelta(days=62)  # what ended before is in no sum any more
LIMITS = ["daily_budget_usd", "monthly_budget_usd", "run_budget_usd", "max_turns"]


@dataclass(frozen=True, slots=True)
class Spent:
    """US$ so far."""

    today: Decimal
    month: Decimal


@dataclass(frozen=True, slots=True)
class Ceiling:
    """One budget as it stands. `period` is 2026-11-22 or 2026-11; `group` is empty for the installation's."""

    group: int | None
    span: str
    period: str
    limit: Decimal
    spent: Decimal

    @property
    def about(self) -> str:
        return f"group {self.group}" if self.group else INSTALLATION

    @property
    def left(self) -> Decimal:
        return self.limit - self.spent

    @property
    def is_spent(self) -> bool:
        return self.spent >= self.limit

    @property
    def is_near(self) -> bool:
        """Nearly spent, and not yet wholly."""
        return not self.is_spent and self.spent >= NEAR * self.limit

    @property
    def name(self) -> str:
        """The installation's figures are nothing for a group's chat."""
        is_daily = self.span == "daily"
        if not self.group:
            return (
                _("daily budget of the whole installation")
                if is_daily
                else _("monthly budget of the whole installation")
            )
        said = _("daily budget of this group (US$ %.2f)") if is_daily else _("monthly budget of this group (US$ %.2f)")
        return said % self.limit

    @property
    def sentence(self) -> str:
        if self.span == "daily":
            return _("The %s is spent. An admin can raise it; it begins anew tomorrow.") % self.name
        return _("The %s is spent. An admin can raise it; it begins anew next month.") % self.name


@dataclass(frozen=True, slots=True)
class Standing:
    """How a group stands: what it has spent, what it may spend, and what is left (None: no limit)."""

    today: Decimal
    month: Decimal
    daily_limit: Decimal | None
    monthly_limit: Decimal | None
    left: Decimal | None
    ceilings: tuple[Ceiling, ...]


def standing(group: Group) -> Standing:
    """Asks the rows, always."""
    spent = spent_by_group(group)
    found = ceilings(group)
    return Standing(
        spent.today,
        spent.month,
        group.daily_budget_usd,
        group.monthly_budget_usd,
        max(min(ceiling.left for ceiling in found), Decimal(0)) if found else None,
        tuple(found),
    )


def exhausted(group: Group) -> Ceiling | None:
    """The budget that forbids a run now.

    Where none is known to be set, nothing is asked: what was set just now holds the run at its first model call.
    """
    if not _has_limits(group) and _remembered[1] == (None, None) and _remembered[0] > float("-inf"):
        return None
    return next((ceiling for ceiling in ceilings(group) if ceiling.is_spent), None)


def ceilings(group: Group) -> list[Ceiling]:
    """Every budget that binds the group, the group's own first; no query where there is none."""
    found: list[Ceiling] = []
    if _has_limits(group):
        limits = (group.daily_budget_usd, group.monthly_budget_usd)
        found += _ceilings(group.pk, limits, spent_by_group(group), ZoneInfo(group.timezone))
    limits = _installation_limits()
    if limits != (None, None):
        found += _ceilings(None, limits, spent_by_installation(), ZoneInfo(settings.TIME_ZONE))
    return found


def reread(group: Group) -> None:
    """An admin may have raised or lowered its limits meanwhile."""
    if found := Group.objects.filter(pk=group.pk).values(*LIMITS).first():
        for name, value in found.items():
            setattr(group, name, value)


def _has_limits(group: Group) -> bool:
    return group.daily_budget_usd is not None or group.monthly_budget_usd is not None


def spent_by_group(group: Group) -> Spent:
    return _spent(f"group {group.pk}", Run.objects.filter(session__group=group), ZoneInfo(group.timezone))


def spent_by_installation() -> Spent:
    return _spent(INSTALLATION, Run.objects.all(), ZoneInfo(settings.TIME_ZONE))


def _ceilings(
    group: int | None, limits: tuple[Decimal | None, Decimal | None], spent: Spent, zone: ZoneInfo
) -> list[Ceiling]:
    today = timezone.now().astimezone(zone).date()
    daily, monthly = limits
    found = []
    if daily is not None:
        found.append(Ceiling(group, "daily", today.isoformat(), daily, spent.today))
    if monthly is not None:
        found.append(Ceiling(group, "monthly", today.isoformat()[:7], monthly, spent.month))
    return found


def _spent(about: str, runs: RunQuerySet, zone: ZoneInfo) -> Spent:
    day = timezone.now().astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    # Two questions: with an OR in one, SQLite reads the group's whole history.
    today = _sum(runs.filter(finished_at__gte=day)) + _sum(runs.filter(finished_at__isnull=True))
    if about == INSTALLATION:
        today += _of_deleted(day, day + timedelta(days=1))
    return Spent(today=today, month=today + _earlier(about, runs, day))


def _earlier(about: str, runs: RunQuerySet, day: datetime) -> Decimal:
    """What the days of the month before this one came to: once known, it is not summed again until the next day."""
    if day.day == 1:
        return Decimal(0)
    if (about, day) not in _past:
        spent = _sum(runs.filter(finished_at__gte=day.replace(day=1), finished_at__lt=day))
        if about == INSTALLATION:
            spent += _of_deleted(day.replace(day=1), day)
        if timezone.now() - day < LATE:
            return spent
        if len(_past) >= MOST_PASTS:
            _past.clear()
        _past[about, day] = spent
    return _past[about, day]


def _of_deleted(begin: datetime, end: datetime) -> Decimal:
    """On these days; the end's own does not count."""
    return _sum(SpendingOfDeleted.objects.filter(day__gte=begin.date(), day__lt=end.date()))


def remember_deleted(run: Run) -> None:
    """The run is being deleted, and what it cost goes on counting for the whole installation."""
    ended = run.finished_at or timezone.now()
    if run.cost_usd and ended > timezone.now() - MONTHS:
        count_of_deleted(run.cost_usd, ended)


def count_of_deleted(cost_usd: Decimal, ended: datetime) -> None:
    """On the day of that moment, for the whole installation only."""
    day = ended.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    row, _created = SpendingOfDeleted.objects.get_or_create(day=day)
    SpendingOfDeleted.objects.filter(pk=row.pk).update(cost_usd=F("cost_usd") + cost_usd)


def _sum(rows: "RunQuerySet | QuerySet[SpendingOfDeleted]") -> Decimal:
    """To a millionth, as the rows have it: SQLite adds with errors behind that."""
    return round(Decimal(rows.aggregate(sum=Sum("cost_usd"))["sum"] or 0), 6)


_past: dict[tuple[str, datetime], Decimal] = {}
_remembered: tuple[float, tuple[Decimal | None, Decimal | None]] = (float("-inf"), (None, None))


def _installation_limits() -> tuple[Decimal | None, Decimal | None]:
    """Daily and monthly; read from the row every two seconds at most."""
    global _remembered  # noqa: PLW0603 - one answer for the process
    read_at, limits = _remembered
    if time.monotonic() - read_at >= FRESH_S:
        limits = InstallationBudget.objects.values_list("daily_usd", "monthly_usd").first() or (None, None)
        _remembered = (time.monotonic(), limits)
    return limits


def forget() -> None:
    """The installation's budget was changed here."""
    global _remembered  # noqa: PLW0603
    _remembered = (float("-inf"), (None, None))
    _past.clear()
