"""Rows of history: the same table for the report and for `/api/v1/history`, from the same cells.

A row is one bucket of one segment that has any measure: its start, its segment, a column a KPI.
Nothing here asks where the cells come from. Minutes tumble from local midnight on, so the last
bucket of a day may be shorter: 24 h are no multiple of 7 min, and a day may have 23 or 25 h.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from streams.core import windows
from streams.core.agents.times import ELAPSED, has_steps, measures, take_levels
from streams.core.buckets import DAY, EVERYTHING, FINE, FINE_MS, QUARTER, Zone, bucket_start_ms
from streams.core.catalogue import Kpi
from streams.core.errors import BadName
from streams.core.kpis import find
from streams.core.numbers import Value
from streams.core.policy import ReadingPolicy
from streams.core.reading import formula_of, measured, status
from streams.core.shapes import NO_DATA
from streams.core.tally import EMPTY, Cell, lanes, merge

EXTRA: Final = ("n", "status")
"""What a row may say besides a KPI's value, in columns such as `offered_n`."""


class By(msgspec.Struct, frozen=True):
    """How history is cut: by local days, quarter hours, or minutes from local midnight on."""

    name: str
    resolution: int
    """Of the cells that it is made of."""
    step_ms: int = 0
    """Length of a bucket that is made of several cells."""

    def start_ms(self, bucket: int, zone: Zone) -> int:
        """Returns the start of the bucket of history that a cell lies in."""
        ms = bucket_start_ms(self.resolution, bucket, zone)
        if not self.step_ms:
            return ms
        return ms - (ms - _midnight_ms(zone, zone.day_of(ms))) % self.step_ms

    def buckets(self, from_ms: int, to_ms: int, zone: Zone) -> range:
        """Returns the cells' buckets of all buckets of history that begin in [from, to)."""
        first, last = (self._at_or_after(ms, zone) for ms in (from_ms, to_ms))
        return range(first, max(first, last))

    def _at_or_after(self, ms: int, zone: Zone) -> int:
        """Returns the cell's bucket where the first bucket of history at or after `ms` begins."""
        bucket = windows.bucket_of(self.resolution, ms, zone)
        if self.start_ms(bucket, zone) == ms:
            return bucket
        if not self.step_ms:
            return bucket + 1
        start = self.start_ms(bucket, zone)
        midnight = _midnight_ms(zone, zone.day_of(start) + 1)
        return min(start + self.step_ms, midnight) // FINE_MS

    def end_ms(self, start_ms: int, zone: Zone) -> int:
        """Returns the end of the bucket of history that begins at an instant."""
        if not self.step_ms:
            bucket = windows.bucket_of(self.resolution, start_ms, zone)
            return bucket_start_ms(self.resolution, bucket + 1, zone)
        return min(start_ms + self.step_ms, _midnight_ms(zone, zone.day_of(start_ms) + 1))

    def label(self, start_ms: int, zone: Zone) -> str:
        """Returns how a bucket's start is written: a date for days, else ISO 8601 with offset."""
        moment = zone.local(start_ms)
        return moment.date().isoformat() if self.resolution == DAY else moment.isoformat()


@lru_cache(maxsize=1024)
def _midnight_ms(zone: Zone, day: int) -> int:
    return zone.day_start_ms(day)


class Presence(NamedTuple):
    """Which agents are there at the end of a table, whose rows are then known back to its start."""

    from_ms: int
    """Rows begin here or later."""
    until_ms: int
    """Agents' time is counted up to here: to now, or to the end of what is asked for."""
    levels: Mapping[str, Mapping[int, int]]
    """segment → label → how many agents hold it then."""


NOBODY: Final = Presence(0, 0, {})


class Table(NamedTuple):
    """Columns and rows."""

    columns: list[str]
    rows: list[list[Value]]


def parse_by(name: str) -> By:
    """Returns what `day`, `interval` or a number of minutes means.

    Raises:
        BadName: history is not cut so.
    """
    if name == "day":
        return By(name, DAY)
    if name == "interval":
        return By(name, QUARTER)
    try:
        window = windows.parse(name)
    except BadName:
        window = None
    if window is None or window.kind != "fine":
        raise BadName(
            f"by {name!r}: history is cut by day, interval or Nm (up to {windows.MAX_MINUTES}m)"
        )
    return By(window.name, FINE, window.count * FINE_MS)


def columns_of(kpis: Iterable[str]) -> list[Kpi]:
    """Returns the KPIs of a table.

    Raises:
        BadName: no such KPI, or one that is true now and has no history.
    """
    found = [find(kpi) for kpi in kpis]
    for kpi in found:
        if kpi.kind == windows.LIVE:
            raise BadName(f"{kpi.id} is true now and has no history")
    return found


def header(kpis: Iterable[str], extra: Collection[str] = ()) -> list[str]:
    """Returns the names of the columns."""
    names = [name for kpi in kpis for name in (kpi, *(f"{kpi}_{x}" for x in extra))]
    return ["start", "segment", *names]


def check(by: By, segments: Iterable[str]) -> None:
    """Refuses segments, or patterns of them, that are not kept in the cells that it takes.

    Raises:
        BadName: a combination with an agent by minutes.
    """
    for segment in segments:
        if EVERYTHING.of(by.resolution, segment) == 0:
            raise BadName(f"{segment} is kept by the quarter hour: ask by interval or by day")


def rows(
    cells: Mapping[tuple[int, str], Cell],
    by: By,
    kpis: Sequence[str],
    zone: Zone,
    policy: ReadingPolicy,
    extra: Collection[str] = (),
    presence: Presence = NOBODY,
) -> Table:
    """Returns a table: `start,segment,<kpi>…`, by instant, then segment by code point.

    Args:
        cells: (bucket, segment) → sums over all sources, in the resolution of `by`.
        by: How to cut.
        kpis: Ids, in the order of the columns.
        zone: Whose midnights.
        policy: Formulas and targets.
        extra: Of `EXTRA`: columns beside each KPI's.
        presence: The agents who are there at the end; without it cells know of none.

    Raises:
        BadName: no such KPI, or one that has no history.
    """
    entries = columns_of(kpis)
    return Table(
        header(kpis, extra),
        [
            [by.label(start, zone), segment, *_fields(sums, segment, entries, policy, extra)]
            for (start, segment), sums in sorted(
                _timed(_cut(cells, by, zone), by, zone, presence).items(), key=lambda row: row[0]
            )
        ],
    )


def _cut(cells: Mapping[tuple[int, str], Cell], by: By, zone: Zone) -> dict[tuple[int, str], Cell]:
    """Returns sums by (start of the bucket of history, segment)."""
    starts: dict[int, int] = {}
    out: dict[tuple[int, str], Cell] = {}
    for (bucket, segment), cell in cells.items():
        if cell.sums or cell.hist:
            if bucket not in starts:
                starts[bucket] = by.start_ms(bucket, zone)
            key = starts[bucket], segment
            out[key] = merge(out.get(key, EMPTY), cell)
    return out


class _Sums(NamedTuple):
    """What a row is made of."""

    measures: Mapping[str, int]
    hist: Mapping[int, int]
    staffed: bool = False
    """Whether agents were heard of in the segment: else their time is no data, not 0."""


NOTHING: Final = _Sums({}, {})


def _timed(
    cells: Mapping[tuple[int, str], Cell], by: By, zone: Zone, presence: Presence
) -> dict[tuple[int, str], _Sums]:
    """Returns measures by (start of the bucket of history, segment), where there are any."""
    out = {
        (start, segment): _Sums(
            {**lanes(cell.sums), ELAPSED: _elapsed(by, start, zone, presence)}, cell.hist
        )
        for (start, segment), cell in cells.items()
        if cell.sums
    }
    steps: dict[str, dict[int, Mapping[int, int]]] = {s: {} for s in presence.levels}
    for (start, segment), cell in cells.items():
        if has_steps(cell.hist):
            steps.setdefault(segment, {})[start] = cell.hist
    for segment, of_segment in steps.items():
        levels = presence.levels.get(segment, {})
        for start, levels_then in _back(of_segment, levels, by, zone, presence):
            hist = of_segment.get(start, {})
            elapsed = _elapsed(by, start, zone, presence)
            times = measures(levels_then, hist, start, start + elapsed)
            counts = out.get((start, segment), NOTHING).measures
            if times or counts:
                out[start, segment] = _Sums({**counts, **times, ELAPSED: elapsed}, hist)
    return {
        (start, segment): sums._replace(staffed=segment in steps)
        for (start, segment), sums in out.items()
    }


def _elapsed(by: By, start: int, zone: Zone, presence: Presence) -> int:
    """Returns how much of a bucket of history has passed, in ms."""
    end = by.end_ms(start, zone)
    return max(0, min(end, presence.until_ms or end) - start)


def _back(
    steps: Mapping[int, Mapping[int, int]],
    levels: Mapping[int, int],
    by: By,
    zone: Zone,
    presence: Presence,
) -> Iterator[tuple[int, Mapping[int, int]]]:
    """Yields the starts of buckets, the last one first, and who is there at their end."""
    waiting = sorted(steps)  # buckets with steps: where nobody is there, the others are empty
    at = presence.until_ms  # whose own bucket may hold steps of this very instant
    while at >= presence.from_ms:
        start = by.start_ms(windows.bucket_of(by.resolution, at, zone), zone)
        if start < presence.from_ms:
            return
        while waiting and waiting[-1] > start:
            waiting.pop()
        if not levels and start not in steps:
            if not waiting:
                return
            start = waiting[-1]
        yield start, levels
        levels = take_levels(levels, steps.get(start, {}))
        at = start - 1


def _fields(
    sums: _Sums, segment: str, kpis: Sequence[Kpi], policy: ReadingPolicy, extra: Collection[str]
) -> list[Value]:
    settings = policy.formula(segment)
    out: list[Value] = []
    for kpi in kpis:
        formula = formula_of(kpi, settings, ends_now=False)
        found = NO_DATA
        if sums.staffed or not kpi.of_agents:
            found = measured(kpi, formula, sums.measures, sums.hist, 0, policy.prices)
        out.append(found.value)
        for name in extra:
            if name == "n":
                out.append(found.n)
            else:
                target = policy.target(segment, kpi.id, kpi.target)
                out.append(status(found.value, found.n, target, sampled=kpi.sampled))
    return out
