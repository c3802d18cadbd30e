"""The report: a file's events through the same ledger and formulas, without Kafka and Redis.

Theory of operation. Events are sorted by time first, so nothing is late, and a contact can be let
go once its horizon is over: memory does not grow with the file. What is kept of the cells is only
what was asked for: its segments, in its resolution. With `as_is` events are folded in the order of
the file; then contacts are kept to the end, for their facts may come at any time.
"""

import heapq
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final

import msgspec

from streams.core import history, names, windows
from streams.core.board import Board
from streams.core.buckets import (
    DAY,
    EVERYTHING,
    FINE,
    HOUR_MS,
    QUARTER,
    Retention,
    Zone,
    bucket_start_ms,
)
from streams.core.cells import Cells
from streams.core.changes import Visible
from streams.core.events import AHEAD_MS, EARLIEST_MS, MAX_EVENT_BYTES, Schedule, decode
from streams.core.history import By, Presence, Table
from streams.core.ledger import Ledger
from streams.core.numbers import Value
from streams.core.policy import FoldPolicy
from streams.core.reading import Reading
from streams.core.tally import EMPTY, Cell, merge
from streams.core.windows import Window
from streams.inputs import Input, Inputs, Refuse
from streams.settings import Settings
from streams.sorting import Sortable, in_order, sortable
from streams.sources import Run

CHANNEL: Final = "voice"
"""Of a contact that never states one: that of the topic `calls`, where a replay puts it, too."""
SOURCE: Final = "calls-0"
CHUNK: Final = 20_000
SLIDING_MS: Final = 2 * HOUR_MS
"""All windows of 10 s buckets are shorter."""
NOTHING: Final = Retention(0, 0, 0, 0, 0)
KEPT: Final = {
    FINE: msgspec.structs.replace(NOTHING, fine_ms=None),
    QUARTER: msgspec.structs.replace(NOTHING, quarter_ms=None, quarter_detail_ms=None),
    DAY: msgspec.structs.replace(NOTHING, day_ms=None, day_agent_ms=None),
}
"""What is kept, by the resolution that is asked for."""


class Ask(msgspec.Struct, frozen=True):
    """What is to be reported."""

    inputs: tuple[Input, ...]
    settings: Settings
    zone: str
    cut: By | Window
    """All buckets of history, or one window."""
    segments: tuple[str, ...]
    """Names or patterns, canonical."""
    kpis: tuple[str, ...]
    extra: tuple[str, ...] = ()
    """Of `history.EXTRA`."""
    at_ms: int | None = None
    """Only events up to here; `None` = all."""
    as_is: bool = False

    def check(self) -> None:
        """Does nothing where everything that is asked for exists.

        Raises:
            BadName: it does not; the text says what there is.
        """
        if isinstance(self.cut, By):
            history.columns_of(self.kpis)
            history.check(self.cut, self.segments)
        else:
            board = self.board()
            board.step(EARLIEST_MS)
            for segment in self.segments:
                for kpi in self.kpis:
                    board.read(segment, kpi, self.cut.name)

    def board(self) -> Board:
        """Returns a board without any data."""
        fold, reading = self.settings.fold, self.settings.reading
        zone = Zone(self.zone)
        return Board(zone, reading, [SOURCE], EVERYTHING, fold.horizon_ms, fold.agent_horizon_ms)


class Report(msgspec.Struct, frozen=True):
    """What came of it."""

    table: Table
    readings: list[Reading]
    """The same, where one window was asked for."""
    at_ms: int
    """Up to when events are in it: as asked, else the greatest event time; 0 = no event at all."""
    counts: dict[str, int]
    """What the ledger has counted."""


def report(ask: Ask, refuse: Refuse) -> Report:
    """Returns the report.

    Raises:
        NotReadable: a file that cannot be opened.
    """
    ledger = Ledger(_policy(ask), CHANNEL, ask.settings.roster)
    if isinstance(ask.cut, By):
        sums = Sums(ask, ask.cut)
        at_ms = _fold(ask, ledger, refuse, sums.take)
        ledger.advance(at_ms)
        sums.take(ledger)
        return Report(sums.table(ledger, at_ms), [], at_ms, dict(ledger.counts))
    at_ms = _fold(ask, ledger, refuse, Ledger.take_changes)
    ledger.advance(at_ms)
    ledger.take_changes()
    readings = _readings(ask, ledger, at_ms)
    return Report(_rows(ask, ask.cut, readings, at_ms), readings, at_ms, dict(ledger.counts))


class Sums:
    """The buckets of history that are asked for, added up while events are folded.

    A ledger's cells start from nothing after each chunk, so its absolute values are differences:
    10 s cells of a whole year are never there at once.
    """

    def __init__(self, ask: Ask, by: By) -> None:
        self._ask, self._by = ask, by
        self._zone = Zone(ask.zone)
        self._cells: dict[tuple[int, str], Cell] = {}
        self._wanted: dict[str, bool] = {}

    def take(self, ledger: Ledger) -> None:
        """Adds what a ledger has booked since the last time."""
        cells = ledger.take_changes().visible.cells[self._by.resolution]
        ledger.cells = Cells(ledger.policy.retention, self._zone, ledger.dims)
        first = {bucket: self._first_of(bucket) for bucket in {bucket for bucket, _ in cells}}
        for (bucket, segment), cell in cells.items():
            if self._is_wanted(segment):
                key = first[bucket], segment
                self._cells[key] = merge(self._cells.get(key, EMPTY), cell)

    def table(self, ledger: Ledger, at_ms: int) -> Table:
        """Returns the rows; who is there at `at` says who was there before."""
        ask, by, zone = self._ask, self._by, self._zone
        levels = ledger.agents.levels.everything(ledger.dims.names)
        starts = [bucket_start_ms(by.resolution, b, zone) for b in {b for b, _ in self._cells}]
        presence = Presence(
            min(starts, default=at_ms),
            at_ms,
            {s: held for s, held in levels.items() if self._is_wanted(s)},
        )
        return history.rows(
            self._cells, by, ask.kpis, zone, ask.settings.reading, ask.extra, presence
        )

    def _is_wanted(self, segment: str) -> bool:
        if segment not in self._wanted:
            patterns = self._ask.segments
            self._wanted[segment] = any(names.matches(p, segment) for p in patterns)
        return self._wanted[segment]

    def _first_of(self, bucket: int) -> int:
        """Returns the first of the cells' buckets that belong to the same bucket of history."""
        start_ms = self._by.start_ms(bucket, self._zone)
        return windows.bucket_of(self._by.resolution, start_ms, self._zone)


# -- folding


def _fold(ask: Ask, ledger: Ledger, refuse: Refuse, take: Callable[[Ledger], object]) -> int:
    """Folds what is asked for; returns up to when, 0 where there is nothing."""
    started_ms = time.time_ns() // 1_000_000
    inputs = Inputs(ask.inputs, refuse, Run(ask.zone, started_ms))
    events = _wanted(inputs, ask.at_ms, started_ms + AHEAD_MS, refuse)
    known = Known(started_ms + AHEAD_MS)
    if not ask.as_is:
        events = in_order(events)
    if ask.at_ms is None:
        events = known.events(events)
    while chunk := list(islice(events, CHUNK)):
        for refused in ledger.apply_all([event[-1] for event in chunk], started_ms):
            refuse(inputs.where(chunk[refused.index][-2]), refused.reason)
        take(ledger)
    return known.at_ms if ask.at_ms is None else ask.at_ms


class Known:
    """Finds out when now is, where nobody says it: when something happened last.

    That is no plan, for plans are said before their day begins, and a file may hold those of a
    week. As with `--at`, a plan that is said later than now is not known yet: it is let through
    once something happens at its time or later. Of nothing but plans the last one is now.
    """

    def __init__(self, latest_ms: int) -> None:
        """`latest_ms`: what is later is refused by the ledger, so it does not count."""
        self.at_ms = 0
        """0 before any event."""
        self._latest_ms = latest_ms

    def events(self, events: Iterable[Sortable]) -> Iterator[Sortable]:
        """Yields events in their order, but plans as late as need be."""
        held: list[Sortable] = []
        for event in events:
            if self._is_new(event):
                if _is_plan(event[-1]):
                    heapq.heappush(held, event)
                    continue
                self.at_ms = event[0]
                while held and held[0][0] <= self.at_ms:
                    yield heapq.heappop(held)
            yield event
        if held and not self.at_ms:
            held.sort()
            self.at_ms = held[-1][0]
            yield from held

    def _is_new(self, event: Sortable) -> bool:
        return max(self.at_ms + 1, EARLIEST_MS) <= event[0] <= self._latest_ms


def _is_plan(value: bytes) -> bool:
    return b"schedule" in value and isinstance(decode(value), Schedule)


def _wanted(
    inputs: Inputs, at_ms: int | None, latest_ms: int, refuse: Refuse
) -> Iterator[Sortable]:
    """Yields events up to `at`, and those that no ledger accepts."""
    for line, value in inputs.events():
        if len(value) > MAX_EVENT_BYTES:
            refuse(inputs.where(line), f"value: {len(value)} bytes, more than {MAX_EVENT_BYTES}")
            continue
        event = sortable(line, value)
        if at_ms is None or not at_ms < event[0] <= latest_ms:
            yield event


def _policy(ask: Ask) -> FoldPolicy:
    """Returns the settings' policy, but for what is kept."""
    return msgspec.structs.replace(
        ask.settings.fold,
        timezone=ask.zone,
        segments=tuple(dict.fromkeys(d for s in ask.segments if (d := names.dimensions(s)))),
        lateness=not ask.as_is,
        retention=_retention(ask),
    )


def _retention(ask: Ask) -> Retention:
    """Returns that cells are kept in the resolution that is asked for, and there for ever.

    With a window the days are kept, too: they tell which segments there are.
    """
    if isinstance(ask.cut, By):
        return KEPT[ask.cut.resolution]
    days = KEPT[DAY]
    if ask.cut.name == windows.LIVE:
        return days
    match ask.cut.span(0, Zone(ask.zone)).resolution:
        case 0:  # sorted: what is older is over
            fine_ms = None if ask.as_is else SLIDING_MS
            return msgspec.structs.replace(days, fine_ms=fine_ms)
        case 1:
            return msgspec.structs.replace(days, quarter_ms=None, quarter_detail_ms=None)
        case _:
            return days


# -- telling


def _readings(ask: Ask, ledger: Ledger, at_ms: int) -> list[Reading]:
    """Returns the readings of one window, by segment, then in the order asked for."""
    if not at_ms:
        return []
    board, everything = ask.board(), ledger.everything()
    everything.segments = _seen(everything)
    board.load(SOURCE, everything)
    board.mark(SOURCE, at_ms, rebuilding=False)
    board.step(at_ms)
    segments = {segment for pattern in ask.segments for segment in board.segments(pattern)}
    return [board.read(s, kpi, ask.cut.name) for s in sorted(segments) for kpi in ask.kpis]


def _seen(everything: Visible) -> list[str]:
    """Returns the segments that any fact stands for, whatever was booked and taken back before."""
    cells = {s for cells in everything.cells for _, s in cells}
    return sorted(cells | everything.live.keys() | everything.levels.keys())


def _rows(ask: Ask, window: Window, readings: list[Reading], at_ms: int) -> Table:
    """Returns readings as a table: a row a segment, which starts where its window does."""
    columns = history.header(ask.kpis, ask.extra)
    rows: dict[str, list[Value]] = {}
    start = _start(window, at_ms, Zone(ask.zone))
    for reading in readings:
        row = rows.setdefault(reading.segment, [start, reading.segment])
        row += [reading.value, *(getattr(reading, name) for name in ask.extra)]
    return Table(columns, list(rows.values()))


def _start(window: Window, at_ms: int, zone: Zone) -> str:
    if window.name == windows.LIVE:
        return zone.local(at_ms).isoformat()
    span = window.span(at_ms, zone)
    start = zone.local(span.start_ms(zone))
    return start.date().isoformat() if span.resolution == DAY else start.isoformat()
