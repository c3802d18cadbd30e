"""Who was there: how many agents held each label at the end of a stretch of the past.

Theory of operation. Cells hold only steps, so the time in a bucket takes the levels at its end. A
source says the levels at its edge; those at an earlier instant are these less all steps since, and
what has happened later than the edge without an event lies in the tails:

    ├─────── asked for ───────┤        edge         now
    └── cells ────────────────┘─ after ─┘── tails ───┘

All of one instant, because a late fact changes cells and levels together. Where a stretch is read
in pieces, and a fact came in between, the pieces do not meet: `stitch` makes up the difference at
the seam, so that each piece stays as right as it was when it was read. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from streams.core import names
from streams.core.agents.ahead import Ahead
from streams.core.agents.labels import add_step
from streams.core.agents.times import add_levels, take_levels
from streams.core.buckets import DAY, FINE, FINE_MS, FINE_PER_QUARTER, QUARTER, QUARTER_MS, Zone
from streams.core.changes import Visible
from streams.core.tally import EMPTY, Cell, merge
from streams.core.windows import Span

Cells = dict[tuple[int, str], Cell]
"""(bucket, segment) → sums over the sources, of one resolution."""
Levels = dict[str, Mapping[int, int]]
"""segment → label → how many agents hold it."""
_OF_AGENTS: Final = {"site", "queue", "team", "agent", "pause"}
NOBODY: Final[Mapping[int, int]] = {}


class Past(NamedTuple):
    """Cells, and who was there at their end."""

    cells: Cells
    until_ms: int
    """Agents' time is counted up to here: the end of the buckets, or now."""
    levels: Levels
    """At `until_ms`."""


def has_agents(segment: str) -> bool:
    """Whether agents' time is booked in segments such as this one."""
    return _OF_AGENTS.issuperset(names.dimensions(segment))


def after(ms: int, until_ms: int, zone: Zone) -> list[Span]:
    """Returns the buckets of all steps in [ms, until], few and coarse; `ms` begins a bucket."""
    if ms > until_ms:
        return []
    quarter = -(-ms // QUARTER_MS)
    day = zone.day_of(ms)
    if zone.day_start_ms(day) < ms:
        day += 1
    midnight = zone.day_start_ms(day) // QUARTER_MS
    spans = [
        Span(FINE, ms // FINE_MS, quarter * FINE_PER_QUARTER - 1),
        Span(QUARTER, quarter, midnight - 1),
        Span(DAY, day, zone.day_of(until_ms)),
    ]
    return [span for span in spans if span.first <= span.last]


def together(
    sources: Iterable[Visible], span: Span, last_ms: int, segments: Sequence[str], zone: Zone
) -> tuple[Cells, Levels]:
    """Returns what sources say of a span, and who was there at its end.

    Args:
        sources: Cells of the span and of everything after it, levels, and the tails of those whose
            edge is before `last_ms`.
        span: The buckets that are asked for.
        last_ms: The last instant that counts: that of the span, or now.
        segments: Those that are asked for.
        zone: Whose days they are.
    """
    cells: Cells = {}
    levels: list[Levels] = []
    for source in sources:
        levels.append(_booked(source, span, segments, cells))
        ahead = _ahead(source, last_ms, zone)
        levels.append({segment: ahead.levels(segment) for segment in segments})
        for bucket, by_segment in ahead.cells[span.resolution].items():
            if span.first <= bucket <= span.last:
                for segment in by_segment.keys() & set(segments):
                    _add(cells, bucket, segment, by_segment[segment])
    return cells, {s: add_levels(part[s] for part in levels) for s in segments}


def _booked(source: Visible, span: Span, segments: Sequence[str], cells: Cells) -> Levels:
    """Adds a source's cells of a span; returns who was there after them, as far as is booked."""
    levels: Levels = {segment: source.levels.get(segment, NOBODY) for segment in segments}
    for resolution, those in enumerate(source.cells):
        for (bucket, segment), cell in those.items():
            if resolution == span.resolution and bucket <= span.last:
                _add(cells, bucket, segment, cell)
            else:
                levels[segment] = take_levels(levels[segment], cell.hist)
    return levels


def _ahead(source: Visible, last_ms: int, zone: Zone) -> Ahead:
    """Returns what has happened since a source's edge without an event."""
    ahead = Ahead(zone)
    if source.edge_ms < last_ms:
        ahead.update(source.edge_ms, source.tails, lambda *_: None)
        ahead.step(last_ms, lambda *_: None)
    return ahead


def _add(cells: Cells, bucket: int, segment: str, cell: Cell) -> None:
    cells[bucket, segment] = merge(cells.get((bucket, segment), EMPTY), cell)


def before(levels: Levels, cells: Cells) -> Levels:
    """Returns who was there before the steps of cells."""
    out = dict(levels)
    for (_, segment), cell in cells.items():
        out[segment] = take_levels(out[segment], cell.hist)
    return out


def stitch(cells: Cells, bucket: int, start_ms: int, newer: Levels, older: Levels) -> None:
    """Makes two pieces meet: books the steps from `older` to `newer` where the newer one begins.

    Args:
        cells: Of the newer piece.
        bucket: Its first bucket.
        start_ms: When that begins.
        newer: Who was there then, says the newer piece.
        older: Who was there then, says the older one.
    """
    for segment, levels in older.items():
        steps: dict[int, int] = {}
        for label in levels.keys() | newer[segment].keys():
            n = newer[segment].get(label, 0) - levels.get(label, 0)
            if n:
                add_step(steps, label, n, start_ms)
        if steps:
            _add(cells, bucket, segment, Cell(0, steps))
