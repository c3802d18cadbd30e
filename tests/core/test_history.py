"""Rows of history: which buckets, in which order, with what in them."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.buckets import DAY, DAY_MS, FINE, FINE_MS, QUARTER, QUARTER_MS, Zone
from streams.core.errors import BadName
from streams.core.history import By, check, columns_of, parse_by, rows
from streams.core.kpis import KPIS
from streams.core.policy import Formula, ReadingPolicy, Target
from streams.core.tally import EMPTY, Cell, merge
from streams.core.windows import bucket_of
from tests.core.cells import cell

PARIS, HAVANA = Zone("Europe/Paris"), Zone("America/Havana")
POLICY = ReadingPolicy()
CHANGES = (  # (zone, an instant on a day whose clocks change)
    (PARIS, "2026-03-29T12:00:00Z"),
    (PARIS, "2026-10-25T12:00:00Z"),
    (PARIS, "2026-11-24T12:00:00Z"),
    (HAVANA, "2026-03-08T12:00:00Z"),
    (HAVANA, "2026-11-01T12:00:00Z"),
)
WAYS = st.sampled_from(["day", "interval", "10s", "90s", "7m", "30m", "50m", "75m"])


def ms(text: str, zone: Zone = PARIS) -> int:
    """Returns an instant given as local time, or with an offset of its own."""
    moment = dt.datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=zone.info)
    return int(moment.timestamp() * 1000)


def test_a_row_is_one_bucket_of_one_segment_that_has_any_measure() -> None:
    """Empty = no data; a count in a printed row is 0; by instant, then by code point."""
    day = PARIS.day_of(ms("2026-11-24T12:00:00"))
    cells = {
        (day, "site"): cell([10_000], offered=2, answered=1, answered_within=1, wait_ms=10_000),
        (day - 1, "queue:é"): cell(transferred=1),
        (day, "queue:B"): cell(abandoned=4),
        (day, "queue:a"): cell(offered=1),
        (day, "queue:empty"): EMPTY,
    }

    table = rows(cells, parse_by("day"), ["service_level", "offered", "wait_mean"], PARIS, POLICY)

    assert table.columns == ["start", "segment", "service_level", "offered", "wait_mean"]
    assert table.rows == [
        ["2026-11-23", "queue:é", None, 0, None],
        ["2026-11-24", "queue:B", 0.0, 0, None],
        ["2026-11-24", "queue:a", None, 1, None],
        ["2026-11-24", "site", 1.0, 2, 10.0],
    ]


def test_n_and_status_stand_beside_each_kpi_when_asked() -> None:
    """Under the minimum n there is a number, but no status."""
    cells = {
        (20_000, "site"): cell(answered=30, answered_within=30),
        (20_001, "queue:a"): cell(answered=3, answered_within=1),
    }
    policy = ReadingPolicy(
        queues={"a": Formula("SL-E")}, queue_targets={"a": {"service_level": Target(low=0.5)}}
    )

    table = rows(cells, parse_by("day"), ["service_level"], PARIS, policy, ("n", "status"))

    assert table.columns[2:] == ["service_level", "service_level_n", "service_level_status"]
    assert [row[2:] for row in table.rows] == [[1.0, 30, "ok"], [1 / 3, 3, "none"]]


def test_a_past_bucket_has_no_sl_now() -> None:
    """Nobody who waits now waited then: SL-B."""
    policy = ReadingPolicy(default=Formula("SL-now"))
    cells = {(20_000, "site"): cell(answered=3, answered_within=3, abandoned=1)}

    assert rows(cells, parse_by("day"), ["service_level"], PARIS, policy).rows[0][2] == 0.75


#   02:00 comes twice:   01:45+02  02:00+02 … 02:45+02 │ 02:00+01 … 02:45+01  03:00+01
def test_quarter_hours_carry_their_offset() -> None:
    """So the two 02:00 of autumn are two rows that nobody can take for one."""
    first = ms("2026-10-25T02:00:00+02:00") // QUARTER_MS
    cells = {(first + i, "site"): cell(offered=1) for i in (-1, 0, 3, 4, 8)}

    table = rows(cells, parse_by("interval"), ["offered"], PARIS, POLICY)

    assert [row[0] for row in table.rows] == [
        "2026-10-25T01:45:00+02:00",
        "2026-10-25T02:00:00+02:00",
        "2026-10-25T02:45:00+02:00",
        "2026-10-25T02:00:00+01:00",
        "2026-10-25T03:00:00+01:00",
    ]


#   00:00    00:50    01:40     …     23:20  24:00
#     ├────────┼────────┼──    …    ───┼──────┤
#                                      40 min: what is left of the day
def test_minutes_tumble_from_local_midnight_on() -> None:
    """A length that does not divide the day leaves a shorter last bucket."""
    times = ["00:00:00", "00:49:50", "00:50:00", "23:19:50", "23:20:00", "23:59:50"]
    cells = {(ms(f"2026-11-24T{t}") // FINE_MS, "site"): cell([1_000], answered=1) for t in times}
    cells[ms("2026-11-25T00:00:00") // FINE_MS, "site"] = cell([1_000], answered=1)

    table = rows(cells, parse_by("50m"), ["answered", "wait_p90"], PARIS, POLICY)

    assert [row[0] for row in table.rows] == [
        "2026-11-24T00:00:00+01:00",
        "2026-11-24T00:50:00+01:00",
        "2026-11-24T22:30:00+01:00",
        "2026-11-24T23:20:00+01:00",
        "2026-11-25T00:00:00+01:00",
    ]
    assert [row[2] for row in table.rows] == [2, 1, 1, 2, 1]
    assert table.rows[0][3] == pytest.approx(1, rel=0.01)


@given(st.sampled_from(CHANGES), WAYS, st.sets(st.integers(-3 * 8640, 3 * 8640), max_size=20))
def test_nothing_is_lost_or_counted_twice_at_a_clock_change(
    change: tuple[Zone, str], way: str, offsets: set[int]
) -> None:
    """Every cell is in the one row whose bucket begins last before it, on the same day."""
    zone, noon = change
    by = parse_by(way)
    buckets = {bucket_of(by.resolution, ms(noon) + FINE_MS * o, zone) for o in offsets}

    table = rows({(b, "site"): cell(offered=1) for b in buckets}, by, ["offered"], zone, POLICY)

    expected: dict[int, int] = {}
    for bucket in buckets:
        start = slow_start(by, bucket, zone)
        expected[start] = expected.get(start, 0) + 1
    assert [(row[0], row[2]) for row in table.rows] == [
        (label(by, start, zone), n) for start, n in sorted(expected.items())
    ]


def slow_start(by: By, bucket: int, zone: Zone) -> int:
    """Returns where the bucket of history begins, by walking there from midnight."""
    if by.resolution == DAY:
        return zone.day_start_ms(bucket)
    if by.resolution == QUARTER:
        return bucket * QUARTER_MS
    at = bucket * FINE_MS
    start = zone.day_start_ms(zone.local(at).date().toordinal())
    while start + by.step_ms <= at:
        start += by.step_ms
    return start


def label(by: By, start: int, zone: Zone) -> str:
    """Returns a start as it is printed."""
    moment = dt.datetime.fromtimestamp(start / 1000, zone.info)
    return str(moment.date()) if by.resolution == DAY else moment.isoformat()


@given(
    st.sampled_from(CHANGES),
    WAYS,
    st.integers(-2 * DAY_MS, 2 * DAY_MS),
    st.integers(-DAY_MS // 8, DAY_MS // 4),
)
def test_from_is_in_and_to_is_out(
    change: tuple[Zone, str], way: str, offset: int, length: int
) -> None:
    """The cells of exactly those buckets of history that begin in [from, to)."""
    zone, noon = change
    by, from_ms = parse_by(way), ms(noon) + offset
    to_ms = from_ms + length

    found = by.buckets(from_ms, to_ms, zone)

    around = range(
        bucket_of(by.resolution, from_ms, zone) - 2, bucket_of(by.resolution, to_ms, zone) + 2
    )
    wider = range(around.start, around.stop + (by.step_ms // FINE_MS))
    assert list(found) == [b for b in wider if from_ms <= slow_start(by, b, zone) < to_ms]


def test_buckets_that_are_asked_are_whole() -> None:
    """From midnight to midnight, a day is one bucket and ninety-six."""
    day = PARIS.day_of(ms("2026-11-24T12:00:00"))
    bounds = ms("2026-11-24T00:00:00"), ms("2026-11-25T00:00:00")

    assert parse_by("day").buckets(*bounds, PARIS) == range(day, day + 1)
    assert len(parse_by("interval").buckets(*bounds, PARIS)) == 96
    assert len(parse_by("50m").buckets(*bounds, PARIS)) == 8640
    assert len(parse_by("day").buckets(bounds[0] + 1, bounds[1], PARIS)) == 0


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 90_000)), max_size=30))
def test_rows_by_a_longer_bucket_are_the_sum_of_the_shorter(waits: list[tuple[int, int]]) -> None:
    """Cells add up to buckets, buckets to longer ones."""
    fine: dict[tuple[int, str], Cell] = {}
    start = ms("2026-11-24T10:00:00") // FINE_MS
    for bucket, wait in waits:
        key = start + bucket, "site"
        fine[key] = merge(fine.get(key, EMPTY), cell([wait], answered=1, wait_ms=wait))
    quarters: dict[tuple[int, str], Cell] = {}
    for (bucket, segment), sums in fine.items():
        key = bucket * FINE_MS // QUARTER_MS, segment
        quarters[key] = merge(quarters.get(key, EMPTY), sums)
    kpis = [k for k, kpi in KPIS.items() if kpi.kind != "live"]

    assert rows(fine, parse_by("15m"), kpis, PARIS, POLICY) == rows(
        quarters, parse_by("interval"), kpis, PARIS, POLICY
    )


@pytest.mark.parametrize("name", ["hour", "today", "2h", "7d", "live", "76m", "", "day:2026-11-24"])
def test_history_is_cut_by_days_quarters_or_minutes_only(name: str) -> None:
    """Anything else is answered with what there is."""
    with pytest.raises(BadName, match="history is cut by day, interval or Nm"):
        parse_by(name)


def test_ways_to_cut_have_one_name() -> None:
    """And the resolution whose cells they take."""
    assert parse_by("60s") == By("1m", FINE, 60_000)
    assert parse_by("day") == By("day", DAY)
    assert parse_by("interval") == By("interval", QUARTER)


@pytest.mark.parametrize("kpi", [k for k, kpi in KPIS.items() if kpi.kind == "live"])
def test_what_is_true_now_has_no_history(kpi: str) -> None:
    """Nor does what is not in the catalogue."""
    with pytest.raises(BadName, match=f"{kpi} is true now and has no history"):
        rows({}, parse_by("day"), ["offered", kpi], PARIS, POLICY)
    with pytest.raises(BadName, match="not in the catalogue"):
        columns_of(["offered", "tmt"])


def test_agents_have_no_history_by_minutes() -> None:
    """Asked for, it is refused; an empty table would say that nothing happened."""
    check(parse_by("5m"), ["site", "queue:*"])
    check(parse_by("interval"), ["agent:*"])
    with pytest.raises(BadName, match=r"agent:\* is kept by the quarter hour"):
        check(parse_by("5m"), ["site", "agent:*"])
