"""Buckets, zones and retention."""

import datetime as dt
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.buckets import (
    DAY,
    DAY_MS,
    FINE,
    QUARTER,
    Retention,
    Zone,
    bucket_start_ms,
    iso,
)

ZONES = st.sampled_from(
    ["Europe/Paris", "Asia/Kathmandu", "America/Havana", "Australia/Lord_Howe", "Asia/Jerusalem"]
)
INSTANTS = st.integers(631_152_000_000, 2_000_000_000_000)


@given(ZONES, INSTANTS)
def test_the_day_of_a_quarter_hour_is_its_local_date(zone: str, ms: int) -> None:
    """Every instant of a quarter hour has the same local date."""
    local = dt.datetime.fromtimestamp(ms / 1000, zoneinfo.ZoneInfo(zone)).date()

    assert Zone(zone).day_of(ms) == local.toordinal()


@given(ZONES, INSTANTS)
def test_a_day_begins_with_the_first_instant_of_its_date(zone: str, ms: int) -> None:
    """The ms before lies on the day before, whether midnight is missing or comes twice."""
    z = Zone(zone)
    day = z.day_of(ms)
    start = z.day_start_ms(day)

    assert start <= ms
    assert z.day_of(start) == day
    assert z.day_of(start - 1) < day


def test_midnight_that_does_not_exist() -> None:
    """In Havana the clock jumps from 24:00 to 01:00."""
    havana = Zone("America/Havana")
    day = dt.date(2026, 3, 8).toordinal()

    assert havana.local(havana.day_start_ms(day)).isoformat() == "2026-03-08T01:00:00-04:00"


def test_starts_of_buckets() -> None:
    """A bucket's number times its length, or the local midnight."""
    paris = Zone("Europe/Paris")

    assert bucket_start_ms(FINE, 7, paris) == 70_000
    assert bucket_start_ms(QUARTER, 7, paris) == 6_300_000
    assert (
        iso(bucket_start_ms(DAY, dt.date(2026, 7, 1).toordinal(), paris)) == "2026-06-30T22:00:00Z"
    )
    assert iso(1) == "1970-01-01T00:00:00.001Z"


@pytest.mark.parametrize(
    ("resolution", "segment", "keep"),
    [
        (FINE, "site", 5_400_000),
        (FINE, "product:washer", 5_400_000),
        (FINE, "agent:a7", 0),
        (FINE, "queue:q+agent:a7", 0),
        (QUARTER, "site", 36 * DAY_MS),
        (QUARTER, "channel:voice+queue:q", 36 * DAY_MS),
        (QUARTER, "team:sav", 36 * DAY_MS),
        (QUARTER, "agent:a7", 8 * DAY_MS),
        (QUARTER, "product:washer", 8 * DAY_MS),
        (DAY, "product:washer", 800 * DAY_MS),
        (DAY, "agent:a7", 180 * DAY_MS),
    ],
)
def test_retention_by_resolution_and_segment(resolution: int, segment: str, keep: int) -> None:
    """Fine 90 min; quarter hours 36 or 8 days; days 800, agents 180; agents have no fine cells."""
    assert keep == Retention().of(resolution, segment)
