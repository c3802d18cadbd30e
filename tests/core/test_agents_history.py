"""Rows of history have the agents' time that the slow walk has, in buckets without steps, too."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core import history
from streams.core.buckets import (
    DAY,
    DAY_MS,
    EVERYTHING,
    FINE,
    HOUR_MS,
    QUARTER,
    Zone,
    bucket_start_ms,
)
from streams.core.history import Presence
from streams.core.kpis import find
from streams.core.ledger import Ledger
from streams.core.numbers import Value
from streams.core.policy import Formula, ReadingPolicy
from streams.core.reading import formula_of, measured
from tests.core.agents_fold import Slow, chunks, policy
from tests.core.agents_worlds import World, worlds

KPIS = (
    "staffed_time", "adherence", "conformance", "occupancy", "scheduled_time", "out_late",
    "slots_used", "adherent_time",
)  # fmt: skip
LENGTHS = {"10m": 600_000, "7m": 420_000}
EXAMPLES = max(6, settings().max_examples // 10)
Rows = dict[tuple[int, str], list[Value]]


def starts(by: str, zone: Zone, ms: int) -> int:
    """Returns the start of the bucket of history that holds an instant."""
    midnight = zone.day_start_ms(zone.day_of(ms))
    if by == "day":
        return midnight
    if by == "interval":
        return ms // 900_000 * 900_000
    return ms - (ms - midnight) % LENGTHS[by]


@pytest.mark.parametrize("by", ["day", "interval", "10m", "7m"])
@settings(max_examples=EXAMPLES)
@given(worlds(), st.integers(0, 1 << 32))
def test_rows_equal_the_slow_walk(by: str, w: World, seed: int) -> None:
    """From any beginning up to any now."""
    r = random.Random(seed)
    zone, ledger = Zone(w.zone), Ledger(policy(w), "voice")
    for raws, appended in chunks(w, r):
        ledger.apply_all(raws, appended)
    now = max(r.choice(w.nows), ledger.agents.edge_ms)
    ledger.advance(now)
    ledger.take_changes()
    reach = r.choice([0, HOUR_MS, 11 * HOUR_MS, 3 * DAY_MS])
    from_ms = starts(by, zone, now - reach if by in ("day", "interval") else now - reach // 6)
    settings_of = ReadingPolicy(Formula(out_of_shift=r.choice(["ignore", "exception"])))

    found = rows_of(ledger, by, from_ms, now, settings_of)

    wanted: dict[tuple[int, str], dict[str, int]] = {}
    resolution = history.parse_by(by).resolution
    for (res, bucket, segment), sums in Slow(w.arrivals, w).cells(now, fine_from=from_ms).items():
        start = bucket_start_ms(res, bucket, zone)
        if res == resolution and start >= from_ms:
            to = wanted.setdefault((starts(by, zone, start), segment), {})
            for measure, ms in sums.items():
                to[f"time_{measure}"] = to.get(f"time_{measure}", 0) + ms
    assert found == {
        key: [
            measured(e, formula_of(e, settings_of.default, ends_now=False), sums, {}).value
            for e in map(find, KPIS)
        ]
        for key, sums in wanted.items()
    }


def rows_of(ledger: Ledger, by: str, from_ms: int, now: int, settings_of: ReadingPolicy) -> Rows:
    """Returns the rows of a ledger at `now` by start and segment."""
    zone, cut = Zone(ledger.policy.timezone), history.parse_by(by)
    everything = ledger.everything()
    cells = {
        key: cell
        for key, cell in everything.cells[cut.resolution].items()
        if bucket_start_ms(cut.resolution, key[0], zone) >= from_ms
    }
    kept = EVERYTHING.of  # nothing of agents one by one by minutes
    levels = {s: n for s, n in everything.levels.items() if kept(cut.resolution, s) != 0}
    presence = Presence(from_ms, now, levels)
    table = history.rows(cells, cut, KPIS, zone, settings_of, (), presence)
    labels = {
        cut.label(start, zone): start
        for ms in range(from_ms, now + 1, 10_000 if cut.resolution == FINE else 900_000)
        for start in (starts(by, zone, ms),)
    }
    assert [row[:2] for row in table.rows] == sorted(
        (row[:2] for row in table.rows), key=lambda row: (labels[str(row[0])], row[1])
    )
    return {(labels[str(row[0])], str(row[1])): row[2:] for row in table.rows}


def test_resolutions_are_those_that_are_meant() -> None:
    """So that the test above compares like with like."""
    found = [history.parse_by(by).resolution for by in ("day", "interval", "10m")]

    assert found == [DAY, QUARTER, FINE]
