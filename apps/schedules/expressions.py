"""What a schedule's words mean: cron with a time zone, an interval on a grid, or one moment. Pure functions."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

CRON, INTERVAL, ONCE = "cron", "interval", "once"

EXPECTED = {  # translated where it is said
    CRON: (
        gettext_noop(
            "five fields are expected: minute, hour, day of the month, month, day of the week; `0 9 * * *` is every"
            " day at nine"
        )
    ),
    INTERVAL: gettext_noop(
        "a number of seconds is expected, or a number with s, m, h or d, such as 30s, 15m, 2h or 7d"
    ),
    ONCE: gettext_noop("a date and a time are expected, such as 2030-01-31T09:00, in the task's time zone"),
}
SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
INTERVAL_WORDS = re.compile(r"([0-9]{1,9})([smhd]?)\Z", re.IGNORECASE)
LONGEST = timedelta(days=3660)
FARTHEST = timedelta(days=36525)  # near the end of the calendar, a time exists in some zones only


class ScheduleError(ValueError):
    """The words are no schedule; the sentence says what is expected."""


@dataclass(frozen=True, slots=True)
class Cron:
    expression: str
    zone: ZoneInfo

    def next_after(self, moment: datetime) -> datetime | None:
        """As Debian's cron: a time in a DST gap fires once, right after it; one in an overlap fires the first time."""
        for candidate in CronSim(self.expression, moment.astimezone(self.zone)):
            # In an overlap the first candidate can lie before the moment: its wall clock is later, its time is not.
            if (slot := candidate.astimezone(UTC)) > moment:
                return slot
        return None


@dataclass(frozen=True, slots=True)
class Interval:
    every: timedelta
    anchor: datetime

    def next_after(self, moment: datetime) -> datetime | None:
        """On the grid that begins at the anchor, however late a run was."""
        return self.anchor + self.every * max(1, (moment - self.anchor) // self.every + 1)


@dataclass(frozen=True, slots=True)
class Once:
    moment: datetime

    def next_after(self, moment: datetime) -> datetime | None:
        return self.moment if self.moment > moment else None


Schedule = Cron | Interval | Once


def parse(kind: str, words: str, *, zone: str, anchor: datetime) -> Schedule:
    """`anchor` is where an interval's grid begins; raises ScheduleError."""
    words = words.strip()
    if kind == CRON:
        return _cron(words, _zone(zone))
    if kind == INTERVAL:
        return _interval(words, anchor)
    if kind == ONCE:
        return _once(words, _zone(zone))
    raise ScheduleError(_("“%s” is no kind of schedule: cron, interval or once is expected.") % kind)


def upcoming(schedule: Schedule, now: datetime) -> datetime:
    """The next slot; raises ScheduleError where there is none."""
    slot = schedule.next_after(now)
    if slot and slot - now > FARTHEST:
        raise ScheduleError(_("%s is too far away: at most a hundred years ahead are possible.") % slot.isoformat())
    if slot:
        return slot
    if isinstance(schedule, Once):
        raise ScheduleError(_("%s is past: a time in the future is expected.") % schedule.moment.isoformat())
    raise ScheduleError(_("These words never come true: %s.") % _(EXPECTED[CRON]))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ScheduleError(_("“%(value)s” is no time zone; Europe/Berlin is one.") % {"value": name}) from error


def _cron(words: str, zone: ZoneInfo) -> Cron:
    if len(words.split()) != 5:
        raise _unreadable(CRON, words)
    try:
        CronSim(words, datetime.now(zone))
    except CronSimError as error:
        raise _unreadable(CRON, words, f"{error}; ") from error
    return Cron(words, zone)


def _interval(words: str, anchor: datetime) -> Interval:
    match = INTERVAL_WORDS.match(words)
    if not match:
        raise _unreadable(INTERVAL, words)
    every = timedelta(seconds=int(match[1]) * SECONDS[match[2].lower()])
    if not timedelta() < every <= LONGEST:
        sentence = _("“%(words)s” is no interval: from one second to ten years is possible; %(expected)s.")
        raise ScheduleError(sentence % {"words": words, "expected": _(EXPECTED[INTERVAL])})
    return Interval(every, anchor.astimezone(UTC).replace(microsecond=0))


def _once(words: str, zone: ZoneInfo) -> Once:
    try:
        moment = datetime.fromisoformat(words)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        return Once(moment.astimezone(UTC))
    except (ValueError, OverflowError) as error:
        raise _unreadable(ONCE, words) from error


def _unreadable(kind: str, words: str, reason: str = "") -> ScheduleError:
    sentences = {
        CRON: _("“%(words)s” is no cron expression: %(why)s."),
        INTERVAL: _("“%(words)s” is no interval: %(why)s."),
        ONCE: _("“%(words)s” is no point in time: %(why)s."),
    }
    return ScheduleError(sentences[kind] % {"words": words[:100], "why": f"{reason}{_(EXPECTED[kind])}"})
