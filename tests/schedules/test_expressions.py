from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from apps.schedules.expressions import Once, Schedule, ScheduleError, parse, upcoming

ANCHOR = datetime(2026, 1, 1, 12, 0, 0, 400_000, tzinfo=UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def schedule(kind: str, words: str, zone: str = "UTC") -> Schedule:
    return parse(kind, words, zone=zone, anchor=ANCHOR)


def slots(kind: str, words: str, zone: str, *, after: str) -> list[str]:
    """The next three, in UTC."""

    def walk():
        moment: datetime | None = utc(after)
        while moment and (moment := schedule(kind, words, zone).next_after(moment)):
            yield moment.strftime("%m-%dT%H:%M")

    return list(islice(walk(), 3))


def test_nine_in_new_york_is_fourteen_utc_in_january_and_thirteen_in_july():
    assert slots("cron", "0 9 * * *", "America/New_York", after="2026-01-10")[0] == "01-10T14:00"
    assert slots("cron", "0 9 * * *", "America/New_York", after="2026-07-10")[0] == "07-10T13:00"


def test_a_time_in_the_gap_fires_once_that_day():
    # 2026-03-08 02:00 → 03:00 in New York; 03:00 there is 07:00 UTC.
    found = slots("cron", "30 2 * * *", "America/New_York", after="2026-03-07T12:00")
    assert found == ["03-08T07:00", "03-09T06:30", "03-10T06:30"]


def test_a_time_in_the_overlap_fires_once_that_day():
    # 2026-11-01 02:00 → 01:00 in New York; the first 01:30 is 05:30 UTC, the second 06:30.
    found = slots("cron", "30 1 * * *", "America/New_York", after="2026-10-31T12:00")
    assert found == ["11-01T05:30", "11-02T06:30", "11-03T06:30"]


def test_the_overlaps_second_hour_never_leads_back():
    assert slots("cron", "30 1 * * *", "America/New_York", after="2026-11-01T06:15")[0] == "11-02T06:30"


def test_every_quarter_of_an_hour_goes_on_through_gap_and_overlap():
    assert slots("cron", "*/15 * * * *", "America/New_York", after="2026-03-08T06:50") == [
        "03-08T07:00",
        "03-08T07:15",
        "03-08T07:30",
    ]
    assert slots("cron", "*/15 * * * *", "America/New_York", after="2026-11-01T05:50") == [
        "11-01T06:00",
        "11-01T06:15",
        "11-01T06:30",
    ]


@pytest.mark.parametrize(
    ("words", "seconds"), [("90", 90), ("30s", 30), ("15m", 900), ("2h", 7200), ("7d", 604_800), (" 2H ", 7200)]
)
def test_an_interval_in_words(words, seconds):
    first = upcoming(schedule("interval", words), ANCHOR)
    assert first == ANCHOR.replace(microsecond=0) + timedelta(seconds=seconds)


def test_an_interval_keeps_its_grid():
    hourly = schedule("interval", "1h")
    assert hourly.next_after(utc("2026-01-05T17:59:59")) == utc("2026-01-05T18:00:00")
    assert hourly.next_after(utc("2026-01-05T18:00:00")) == utc("2026-01-05T19:00:00")
    assert hourly.next_after(utc("2026-01-05T18:07:31")) == utc("2026-01-05T19:00:00")


def test_once_is_a_time_in_the_tasks_zone():
    assert schedule("once", "2030-07-01T09:00", "America/New_York") == Once(utc("2030-07-01T13:00"))
    assert schedule("once", "2030-07-01T09:00:00+02:00", "America/New_York") == Once(utc("2030-07-01T07:00"))
    assert schedule("once", "2030-07-01T09:00Z", "America/New_York") == Once(utc("2030-07-01T09:00"))


@pytest.mark.parametrize(
    "words", ["not a cron", "* * * *", "* * * * * *", "61 * * * *", "0 9 * * 9", "", "@daily x y z w"]
)
def test_no_cron_says_what_is_expected(words):
    with pytest.raises(ScheduleError, match="five fields are expected"):
        schedule("cron", words)


@pytest.mark.parametrize("words", ["abc", "-5", "10abc", "1.5h", "", "s", "1h30m", "٣s", "9999999999"])
def test_no_interval_says_what_is_expected(words):
    with pytest.raises(ScheduleError, match="a number of seconds is expected"):
        schedule("interval", words)


@pytest.mark.parametrize("words", ["0", "0s", "99999d"])
def test_an_interval_has_bounds(words):
    with pytest.raises(ScheduleError, match="from one second to ten years"):
        schedule("interval", words)


@pytest.mark.parametrize("words", ["tomorrow", "2030-13-01T00:00", "25:00", "", "0001-01-01T00:00"])
def test_no_time_says_what_is_expected(words):
    with pytest.raises(ScheduleError, match="a date and a time are expected"):
        schedule("once", words, "Asia/Tokyo")


def test_a_past_time_is_refused_and_a_future_one_is_not():
    now = utc("2026-05-01T12:00")
    with pytest.raises(ScheduleError, match="is past: a time in the future is expected"):
        upcoming(schedule("once", "2026-05-01T12:00"), now)
    assert upcoming(schedule("once", "2026-05-01T12:01"), now) == utc("2026-05-01T12:01")


def test_the_end_of_the_calendar_which_some_zones_never_see_is_refused():
    with pytest.raises(ScheduleError, match="at most a hundred years ahead"):
        upcoming(schedule("once", "9999-12-31T23:59"), utc("2026-05-01T12:00"))
    assert upcoming(schedule("once", "2126-04-30T12:00"), utc("2026-05-01T12:00"))


def test_a_date_that_never_comes_is_refused():
    with pytest.raises(ScheduleError, match=r"five fields are expected|never come true"):
        upcoming(schedule("cron", "0 0 30 2 *"), ANCHOR)


def test_an_unknown_kind_is_refused():
    with pytest.raises(ScheduleError, match="cron, interval or once is expected"):
        schedule("daily", "9")
