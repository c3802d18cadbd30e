"""Opening hours: against a walk minute by minute, and on the nights on which clocks change."""

import datetime as dt
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from dateutil.easter import easter as easter_elsewhere  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from streams.core.calendars import ALWAYS, MINUTES, WHOLE_DAY, Calendar, Hours, Spans, union
from streams.core.holidays import HOLIDAYS, easter, holidays

MINUTE = 60_000
HOUR = 60 * MINUTE
PARIS = ZoneInfo("Europe/Paris")
NIGHT: Spans = ((22 * 60, 30 * 60),)
DAY: Spans = ((8 * 60, 22 * 60),)
CLOSED: Spans = ()


def at(text: str, zone: str = "Europe/Paris", fold: int = 0) -> int:
    """Returns the instant of a local time, of the first or the second of its kind."""
    local = dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return round(local.timestamp() * 1000)


def day(text: str) -> int:
    """Returns a date's ordinal."""
    return dt.date.fromisoformat(text).toordinal()


def daily(spans: Spans, zone: str = "Europe/Paris") -> Calendar:
    """Returns a calendar that is the same on all days."""
    return Calendar(Hours(zone=zone, week=(spans,) * 7))


# -- the nights on which clocks change


def test_a_night_is_an_hour_longer_when_the_clock_is_put_back() -> None:
    """On 2026-10-25 it is 2:00 to 3:00 twice in Paris: both are inside the shift."""
    night = daily(NIGHT)
    assert night.open_ms_between(at("2026-10-24 12:00"), at("2026-10-25 12:00")) == 9 * HOUR
    assert night.is_open(at("2026-10-25 02:30", fold=0))
    assert night.is_open(at("2026-10-25 02:30", fold=1))
    assert night.next_change(at("2026-10-24 22:00")) == at("2026-10-25 06:00")
    assert night.add_open_time(at("2026-10-24 20:00"), 9 * HOUR) == at("2026-10-25 06:00")


def test_a_night_is_an_hour_shorter_when_the_clock_is_put_forward() -> None:
    """On 2027-03-28 there is no 2:00 to 3:00 in Paris."""
    night = daily(NIGHT)
    assert night.open_ms_between(at("2027-03-27 12:00"), at("2027-03-28 12:00")) == 7 * HOUR
    assert night.next_change(at("2027-03-27 22:00")) == at("2027-03-28 06:00")
    assert night.add_open_time(at("2027-03-27 22:00"), 5 * HOUR) == at("2027-03-28 04:00")


def test_of_a_time_that_comes_twice_the_first_is_meant() -> None:
    """So spans that follow each other neither overlap nor leave a gap."""
    early, late = daily(((0, 150),)), daily(((150, 300),))
    change = at("2026-10-25 02:30", fold=0)
    assert early.next_change(at("2026-10-25 00:00")) == change
    assert late.next_change(at("2026-10-25 00:00")) == change
    assert not early.is_open(at("2026-10-25 02:10", fold=1))
    assert late.is_open(at("2026-10-25 02:10", fold=1))
    assert late.open_ms_between(change, at("2026-10-25 12:00")) == 150 * MINUTE + HOUR


def test_a_time_that_does_not_exist_is_the_moment_at_which_the_clock_skips_it() -> None:
    """What begins at 2:30 in that night begins when it is suddenly three."""
    skip = at("2027-03-28 03:00")
    assert daily(((150, 300),)).next_change(at("2027-03-28 01:00")) == skip
    assert daily(((0, 150),)).next_change(at("2027-03-28 01:00")) == skip


def test_a_span_in_the_skipped_hour_is_no_opening() -> None:
    """Neither is the date a business day, if it has no other."""
    skipped = daily(((125, 175),))
    assert skipped.next_change(at("2027-03-28 00:00")) == at("2027-03-29 02:05")
    due = skipped.business_days_after(at("2027-03-27 12:00"), 1)
    assert due == at("2027-03-29 02:55")


@pytest.mark.parametrize(
    ("zone", "date", "hours"),
    [
        ("America/Havana", "2026-11-01", 25),  # 0:00 to 1:00 comes twice
        ("America/Havana", "2026-03-08", 23),  # there is no 0:00
        ("America/St_Johns", "2010-11-07", 25),  # at 0:01 it is 23:01 of yesterday again
        ("Pacific/Apia", "2011-12-30", 0),  # a date that never was
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
    ],
)
def test_dates_follow_each_other_without_gap_whatever_happens_at_midnight(
    zone: str, date: str, hours: float
) -> None:
    """Time open on all days is all time there is."""
    always = daily(WHOLE_DAY, zone)
    noon = at("2026-01-01 12:00") if hours == 0 else at(f"{date} 12:00", zone)
    assert always.next_change(noon) is None
    begin, end = (at(date, zone) + n * 36 * HOUR for n in (-1, 1))
    assert always.open_ms_between(begin, end) == end - begin
    own = Calendar(Hours(zone=zone, week=(DAY,) * 7, dates={day(date): WHOLE_DAY}))
    around = [Calendar(Hours(zone=zone, week=(DAY,) * 7, dates={day(date): CLOSED})), own]
    without, whole = (calendar.open_ms_between(begin, end) for calendar in around)
    assert whole - without == hours * HOUR


# -- weeks, holidays, single dates


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    """Friday's shift goes on into a closed Saturday, and Sunday's morning has none."""
    week = (NIGHT,) * 5 + (CLOSED, CLOSED)
    calendar = Calendar(Hours(week=week, dates={day("2026-11-25"): CLOSED}))
    assert calendar.is_open(at("2026-11-28 05:59"))
    assert not calendar.is_open(at("2026-11-28 06:00"))
    assert calendar.next_change(at("2026-11-28 06:00")) == at("2026-11-30 22:00")
    assert calendar.is_open(at("2026-11-25 03:00"))
    assert not calendar.is_open(at("2026-11-26 03:00"))


def test_a_date_goes_before_a_holiday_and_a_holiday_before_the_weekday() -> None:
    """14 July 2026 is a Tuesday, and so is the one after it."""
    plain = Hours(week=(DAY,) * 7, holidays="FR")
    kept = structs.replace(plain, holiday=DAY)
    short: Spans = ((600, 720),)
    noon = at("2026-07-14 12:30")
    assert not Calendar(plain).is_open(noon)
    assert Calendar(kept).is_open(noon)
    other = Calendar(structs.replace(kept, dates={day("2026-07-14"): short}))
    assert not other.is_open(noon)
    assert other.is_open(at("2026-07-14 11:00"))
    assert other.is_open(at("2026-07-21 12:30"))


def test_always_never_changes() -> None:
    """It is open at all hours, and its business days are all days."""
    always = Calendar()
    assert always.hours == ALWAYS
    assert always.is_open(at("2026-07-14 03:00"))
    assert always.next_change(at("2026-07-14 03:00")) is None
    assert always.add_open_time(5, 7) == 12
    assert always.business_days_after(at("2026-11-25 09:00"), 3) == at("2026-11-29")


def test_what_closes_once_in_years_changes_then() -> None:
    """However far away the only exception is, it is found."""
    calendar = Calendar(Hours(dates={day("2036-02-29"): CLOSED}))
    assert calendar.next_change(at("2026-11-25")) == at("2036-02-29")
    assert calendar.next_change(at("2036-02-29")) == at("2036-03-01")
    assert calendar.next_change(at("2036-03-01")) is None


def test_a_calendar_that_never_opens_is_none() -> None:
    """No due date could be computed by it."""
    with pytest.raises(ValueError, match="no weekday is open"):
        Calendar(Hours(week=(CLOSED,) * 7, holiday=WHOLE_DAY))


def test_calendars_are_equal_by_their_hours() -> None:
    """So settings can be compared."""
    assert Calendar(Hours(week=(DAY,) * 7)) == daily(DAY)
    assert daily(DAY) != daily(NIGHT)
    assert daily(DAY) != DAY


@pytest.mark.parametrize(
    ("since", "n", "due"),
    [
        ("2026-11-25 09:00", 1, "2026-11-26 22:00"),
        ("2026-11-25 23:30", 1, "2026-11-26 22:00"),
        ("2026-11-27 09:00", 1, "2026-11-30 22:00"),  # Friday → Monday
        ("2026-11-28 09:00", 3, "2026-12-02 22:00"),
        ("2026-12-23 09:00", 1, "2026-12-24 15:00"),  # closes early
        ("2026-12-24 09:00", 1, "2026-12-28 22:00"),  # Christmas and a weekend
        ("2026-10-23 09:00", 1, "2026-10-26 22:00"),
        ("2027-03-26 09:00", 1, "2027-03-30 22:00"),  # Easter Monday
    ],
)
def test_business_days_end_when_the_last_one_closes(since: str, n: int, due: str) -> None:
    """The date itself is not counted; holidays, weekends and closed dates are none."""
    early = {day("2026-12-24"): ((480, 900),)}
    week = (DAY,) * 5 + (CLOSED, CLOSED)
    calendar = Calendar(Hours(week=week, holidays="FR", dates=early))
    assert calendar.business_days_after(at(since), n) == at(due)


def test_time_runs_only_while_it_is_open() -> None:
    """Three hours from Friday evening on are over on Monday morning."""
    calendar = Calendar(Hours(week=(DAY,) * 5 + (CLOSED, CLOSED)))
    friday, monday = at("2026-11-27 21:00"), at("2026-11-30 10:00")
    assert calendar.add_open_time(friday, 3 * HOUR) == monday
    assert calendar.open_ms_between(friday, monday) == 3 * HOUR
    assert calendar.open_ms_between(monday, friday) == 0
    assert calendar.add_open_time(friday, HOUR) == at("2026-11-27 22:00")
    assert calendar.open_spans(friday, monday) == [
        (friday, at("2026-11-27 22:00")),
        (at("2026-11-30 08:00"), monday),
    ]


# -- holidays


def test_easter_is_when_others_say_it_is() -> None:
    """Four centuries of it, by another implementation."""
    assert all(easter(year) == easter_elsewhere(year) for year in range(1800, 2200))


def test_french_holidays_are_those_of_the_code_du_travail() -> None:
    """Eleven a year; two more in Alsace and Moselle."""
    france = {dt.date.fromordinal(n) for n in holidays("FR", 2027)}
    told = "01-01 03-29 05-01 05-06 05-08 05-17 07-14 08-15 11-01 11-11 12-25"
    assert france == {dt.date.fromisoformat(f"2027-{date}") for date in told.split()}
    more = {dt.date.fromordinal(n) for n in holidays("FR-alsace-moselle", 2027)} - france
    assert more == {dt.date(2027, 3, 26), dt.date(2027, 12, 26)}
    assert holidays("none", 2027) == frozenset()
    assert set(HOLIDAYS) == {"FR", "FR-alsace-moselle", "none"}


# -- against a slow walk

minute = st.integers(0, MINUTES - 1)
spans = st.lists(
    st.tuples(minute, st.integers(1, MINUTES)).map(lambda s: (s[0], s[0] + s[1])), max_size=3
).map(tuple)
ZONES = {
    "Europe/Paris": ("2026-10-25", "2027-03-28"),
    "America/Havana": ("2026-11-01", "2026-03-08"),
    "Australia/Lord_Howe": ("2026-04-05", "2026-10-04"),
    "America/St_Johns": ("2010-11-07", "2010-03-14"),
}


def walked(hours: Hours, begin: int, minutes: int) -> Iterator[bool]:
    """Yields whether it is open, minute by minute: by a clock that is never put back."""
    zone = ZoneInfo(hours.zone)
    highest = dt.datetime(1, 1, 1)  # noqa: DTZ001  what the clock shows
    for n in range(-26 * 60, minutes):
        ms = begin + n * MINUTE
        shown = dt.datetime.fromtimestamp(ms // 1000, zone).replace(tzinfo=None)
        highest = max(highest, shown)
        if n >= 0:
            today, passed = highest.toordinal(), highest.hour * 60 + highest.minute
            yield any(
                a <= passed + ago * MINUTES < b for ago in (0, 1) for a, b in hours.of(today - ago)
            )


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Hours, int]:
    """Returns hours, and an instant near a change of the clock."""
    zone = draw(st.sampled_from(sorted(ZONES)))
    change = draw(st.sampled_from(ZONES[zone]))
    week = draw(st.tuples(*[spans] * 7).filter(any))
    some = st.dictionaries(st.integers(-2, 2).map(lambda n: day(change) + n), spans, max_size=2)
    hours = Hours(zone=zone, week=week, holidays="FR", holiday=draw(spans), dates=draw(some))
    return hours, at(change, zone) + draw(st.integers(-30 * 60, 24 * 60)) * MINUTE


@given(worlds(), st.integers(1, 40 * 60), st.integers(0, 30 * 60))
def test_every_answer_is_that_of_a_walk(
    world: tuple[Hours, int], minutes: int, wanted: int
) -> None:
    """Whatever the hours, around every kind of change."""
    hours, begin = world
    calendar = Calendar(hours)
    opened = list(walked(hours, begin, minutes))
    end = begin + minutes * MINUTE
    assert [calendar.is_open(begin + n * MINUTE) for n in range(minutes)] == opened
    assert calendar.open_ms_between(begin, end) == sum(opened) * MINUTE
    assert sum(b - a for a, b in calendar.open_spans(begin, end)) == sum(opened) * MINUTE

    changes = [n for n in range(1, minutes) if opened[n] != opened[0]]
    found = calendar.next_change(begin)
    if changes:
        assert found == begin + changes[0] * MINUTE
    else:
        assert found is None or found >= end

    reached = [n for n in range(minutes + 1) if sum(opened[:n]) == wanted]
    over = calendar.add_open_time(begin, wanted * MINUTE)
    assert calendar.open_ms_between(begin, over) == wanted * MINUTE
    assert over == begin + reached[0] * MINUTE if reached else over > end


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=6))
def test_a_union_covers_what_its_spans_cover(some: list[tuple[int, int]]) -> None:
    """Sorted, apart, not empty."""
    found = list(union(some))
    edges = [edge for span in found for edge in span]
    assert edges == sorted(set(edges))
    assert {n for a, b in found for n in range(a, b)} == {n for a, b in some for n in range(a, b)}
