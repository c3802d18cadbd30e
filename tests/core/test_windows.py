"""Windows: which buckets a name means at one instant."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.buckets import DAY, FINE, QUARTER, Zone, bucket_start_ms
from streams.core.errors import BadName
from streams.core.windows import MAX_FINE, Span, bucket_of, parse

PARIS = Zone("Europe/Paris")
HAVANA = Zone("America/Havana")
ZONES = [PARIS, HAVANA, Zone("UTC"), Zone("Australia/Lord_Howe"), Zone("Asia/Kathmandu")]
MOMENTS = st.integers(
    int(dt.datetime(1990, 1, 1, tzinfo=dt.UTC).timestamp() * 1000),
    int(dt.datetime(2037, 1, 1, tzinfo=dt.UTC).timestamp() * 1000),
)


def ms(text: str, zone: Zone = PARIS) -> int:
    """Returns an instant given as local time."""
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=zone.info).timestamp() * 1000)


def local(span: Span, zone: Zone = PARIS) -> tuple[str, str]:
    """Returns a span's start and end as local times."""
    return tuple(  # type: ignore[return-value] # two of them
        zone.local(t).replace(tzinfo=None).isoformat()
        for t in (span.start_ms(zone), span.end_ms(zone))
    )


# now = 10:07:34            09:52:40                                10:07:30  :34  :40
#                              │  90 buckets of 10 s                     │    │    │
#   15m                        ├─────────────────────────────────────────┴────┼────┤
#                                                                            now
#
#                           09:45     10:00                               10:15
#   interval                          ├──────────────────────────────now──────┤
#   2h      08:00 … ├─── 8 whole quarters ──┤├────── the running one ─now─────┤
@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("15m", "2026-11-24T09:52:40", "2026-11-24T10:07:40"),
        ("1m", "2026-11-24T10:06:40", "2026-11-24T10:07:40"),
        ("10s", "2026-11-24T10:07:30", "2026-11-24T10:07:40"),
        ("75m", "2026-11-24T08:52:40", "2026-11-24T10:07:40"),
        ("interval", "2026-11-24T10:00:00", "2026-11-24T10:15:00"),
        ("2h", "2026-11-24T08:00:00", "2026-11-24T10:15:00"),
        ("24h", "2026-11-23T10:00:00", "2026-11-24T10:15:00"),
        ("today", "2026-11-24T00:00:00", "2026-11-25T00:00:00"),
        ("7d", "2026-11-18T00:00:00", "2026-11-25T00:00:00"),
        ("day:2026-11-23", "2026-11-23T00:00:00", "2026-11-24T00:00:00"),
    ],
)
def test_a_window_covers_whole_buckets_up_to_the_one_of_now(
    name: str, start: str, end: str
) -> None:
    """The bucket that runs is in the window; the length counts whole buckets behind it."""
    assert local(parse(name).span(ms("2026-11-24T10:07:34"), PARIS)) == (start, end)


def test_a_sliding_window_moves_when_the_next_ten_seconds_begin() -> None:
    """Starts lie in (floor10(now) − N min, floor10(now)]."""
    at = ms("2026-11-24T10:07:40")

    assert parse("5m").span(at - 1, PARIS) == Span(FINE, at // 10_000 - 30, at // 10_000 - 1)
    assert parse("5m").span(at, PARIS) == Span(FINE, at // 10_000 - 29, at // 10_000)


def test_today_resets_at_local_midnight_without_an_event() -> None:
    """Nothing but `now` decides."""
    midnight = ms("2026-11-25T00:00:00")

    assert parse("today").span(midnight - 1, PARIS).end_ms(PARIS) == midnight
    assert parse("today").span(midnight, PARIS).start_ms(PARIS) == midnight


# Paris, 25 October 2026: 02:00 comes twice.          Paris, 29 March 2026: no 02:00.
#
#   00 01 02 02 03 … 24   = 25 hours                  00 01 03 04 … 24   = 23 hours
#   ├──┴──┴──┴──┴─────┤                               ├──┴──┴──┴─────┤
@pytest.mark.parametrize(
    ("zone", "date", "hours", "start"),
    [
        (PARIS, "2026-10-25", 25, "2026-10-25T00:00:00"),
        (PARIS, "2026-03-29", 23, "2026-03-29T00:00:00"),
        (HAVANA, "2026-03-08", 23, "2026-03-08T01:00:00"),  # no midnight
        (HAVANA, "2026-11-01", 25, "2026-11-01T00:00:00"),  # midnight twice
    ],
)
def test_a_local_day_is_as_long_as_its_clocks_make_it(
    zone: Zone, date: str, hours: int, start: str
) -> None:
    """Days at both clock changes, also where midnight itself is skipped or repeated."""
    span = parse(f"day:{date}").span(0, zone)

    assert span.end_ms(zone) - span.start_ms(zone) == hours * 3_600_000
    assert local(span, zone)[0] == start


def test_hours_are_hours_at_a_clock_change() -> None:
    """`3h` at 04:00 after the change reaches back over three real hours, not local ones."""
    span = parse("3h").span(ms("2026-10-25T04:00:00"), PARIS)

    assert span.end_ms(PARIS) - span.start_ms(PARIS) == (3 * 4 + 1) * 900_000
    assert local(span)[0] == "2026-10-25T02:00:00"


@given(
    MOMENTS,
    st.sampled_from(ZONES),
    st.sampled_from(["10s", "90s", "5m", "75m", "interval", "2h", "24h", "today", "2d", "30d"]),
)
def test_now_lies_in_the_last_bucket_of_every_window(now_ms: int, zone: Zone, name: str) -> None:
    """And the window's buckets follow one another without a hole."""
    span = parse(name).span(now_ms, zone)

    assert bucket_start_ms(span.resolution, span.last, zone) <= now_ms < span.end_ms(zone)
    assert span.last == bucket_of(span.resolution, now_ms, zone)
    assert span.first <= span.last


@given(MOMENTS, st.sampled_from(ZONES), st.sampled_from([FINE, QUARTER, DAY]))
def test_a_bucket_holds_the_instants_from_its_start_on(
    now_ms: int, zone: Zone, resolution: int
) -> None:
    """`bucket_of` undoes `bucket_start_ms`, at the first instant and at the last."""
    bucket = bucket_of(resolution, now_ms, zone)
    start, end = (bucket_start_ms(resolution, b, zone) for b in (bucket, bucket + 1))

    assert start <= now_ms < end
    assert bucket_of(resolution, start, zone) == bucket_of(resolution, end - 1, zone) == bucket


@pytest.mark.parametrize(
    ("name", "canonical"),
    [("60s", "1m"), ("90s", "90s"), ("4500s", "75m"), ("5m", "5m"), ("live", "live")],
)
def test_a_window_has_one_name(name: str, canonical: str) -> None:
    """Whole minutes are called minutes."""
    assert parse(name).name == canonical


def test_the_longest_sliding_window_has_as_many_buckets_as_is_said() -> None:
    """75 minutes."""
    assert parse("75m").count == MAX_FINE


@pytest.mark.parametrize(
    "name",
    [
        "", "5", "m", "0m", "05m", "76m", "4510s", "5s", "15 m", "5M", "-5m", "1.5m", "٥m",
        "1h", "25h", "801d", "0d", "day", "day:", "day:2026-02-30", "day:20261124",
        "dag:2026-11-24", "day:2026-W48-2", "day:1989-12-31", "day:9999-12-31", "yesterday",
        "Today", "interval ",
    ],
)  # fmt: skip
def test_other_names_are_refused_with_a_sentence(name: str) -> None:
    """The sentence says which windows there are."""
    with pytest.raises(BadName, match="windows are live, Nm or Ns"):
        parse(name)


def test_what_is_true_now_has_no_buckets() -> None:
    """`live` is a window by name only."""
    with pytest.raises(BadName, match="no buckets"):
        parse("live").span(0, PARIS)
