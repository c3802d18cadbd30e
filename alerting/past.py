"""What earlier weeks were like, fetched from the store ahead of time and remembered.

Rules compare with the same quarter hours of earlier weeks. They ask while a tick runs, when nobody
can wait for Redis: what is not known yet is `None`, and fetched soon. So that this is rare,
`ahead` notes what rules will ask for next; every replica does, so a new leader knows it, too.

A segment's first day is unknown, and everything before it: a count of zero from before anybody
counted would make each normal day look like a rush.
"""

import asyncio
import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Protocol

from alerting.core.rules import Rule
from alerting.core.view import length_ms
from streams.core.buckets import DAY, QUARTER, QUARTER_MS, Retention, Zone
from streams.core.instants import instant
from streams.core.kpis import find
from streams.core.policy import ReadingPolicy
from streams.core.reading import formula_of, measured
from streams.core.tally import EMPTY, Cell, lanes

PIECE: Final = 5_000
"""Cells asked for at once."""
MOST: Final = 400_000
"""Values remembered."""
DAYS: Final = 38
"""Rules look back for five weeks at most; a segment may have been closed on some days."""
_NOTHING: Final[Mapping[tuple[str, str], float | None]] = {}


class PastStore(Protocol):
    """What is needed of a Store."""

    async def history(
        self,
        sources: Iterable[str],
        resolution: int,
        buckets: Sequence[int],
        segments: Sequence[str],
    ) -> dict[tuple[int, str], Cell]:
        """Returns cells, added up over the sources."""


class Segments(Protocol):
    """What is needed of a board."""

    @property
    def now_ms(self) -> int:
        """Board time."""

    def segments(self, pattern: str) -> list[str]:
        """Returns the segments that a pattern means."""


class Past:
    """Whole quarter hours of earlier weeks.

    Args:
        store: Where they are.
        sources: All that there are.
        retention: How long they are kept.
        zone: Whose days they are.
        reading: Formulas.
    """

    def __init__(
        self,
        store: PastStore,
        sources: Sequence[str],
        retention: Retention,
        zone: Zone,
        reading: ReadingPolicy,
    ) -> None:
        self._store, self._sources = store, sources
        self._retention, self._zone, self._reading = retention, zone, reading
        self._known: dict[int, dict[tuple[str, str], float | None]] = {}
        """Quarter hour → (segment, KPI) → value; those asked for of late at the end."""
        self._wanted: dict[int, set[tuple[str, str]]] = {}
        self._begins: dict[str, int] = {}
        """Segment → the first quarter hour after its first day."""
        self._size = 0

    def history(self, segment: str, kpi: str, at_ms: int) -> float | None:
        """Returns a KPI of the whole quarter hour that holds an instant; `None` = not known."""
        quarter, what = at_ms // QUARTER_MS, (segment, kpi)
        known = self._known.get(quarter, _NOTHING)
        if what in known:
            return known[what]
        self._wanted.setdefault(quarter, set()).add(what)
        return None

    def ahead(self, rules: Iterable[Rule], view: Segments) -> None:
        """Notes what rules will ask for until the next quarter hour has passed."""
        for rule in rules:
            weeks = rule.change or rule.silence
            if weeks is None or rule.metric is None or not rule.enabled:
                continue
            back_ms = max(length_ms(window) or 0 for window in rule.windows)
            segments = {s for pattern in rule.select for s in view.segments(pattern)}
            for quarter in self._quarters(view.now_ms, back_ms, weeks.weeks):
                known = self._known.get(quarter, _NOTHING)
                missing = {(s, rule.metric) for s in segments if (s, rule.metric) not in known}
                if missing:
                    self._wanted.setdefault(quarter, set()).update(missing)

    async def fill(self, now_ms: int) -> None:
        """Fetches everything that is wanted.

        Args:
            now_ms: Board time.

        Raises:
            StoreAway: try again; what was fetched until then is kept.
        """
        segments = {s for those in self._wanted.values() for s, _ in those}
        await self._learn_begins(sorted(segments - self._begins.keys()), now_ms)
        for quarter in sorted(self._wanted, reverse=True):
            what = self._wanted[quarter]
            cells: dict[str, Cell] = {}
            for piece in _pieces(sorted({s for s, _ in what if self._is_held(s, quarter, now_ms)})):
                found = await self._store.history(self._sources, QUARTER, [quarter], piece)
                cells |= {segment: found.get((quarter, segment), EMPTY) for segment in piece}
            kept = self._known.setdefault(quarter, {})
            before = len(kept)
            kept.update({w: self._value(w, cells.get(w[0])) for w in what})
            self._size += len(kept) - before
            self._wanted.pop(quarter)
            self._forget()
            await asyncio.sleep(0)  # the tick goes before

    # -- inside

    def _quarters(self, now_ms: int, back_ms: int, weeks: int) -> Iterator[int]:
        """Yields the quarter hours of earlier weeks that windows will cover soon."""
        first, last = (now_ms - back_ms) // QUARTER_MS, now_ms // QUARTER_MS + 1
        for quarter in range(first, last + 1):
            local = self._zone.local(quarter * QUARTER_MS)  # weeks are counted by the wall's clock
            for n in range(1, weeks + 1):
                yield instant(local - dt.timedelta(weeks=n)) // QUARTER_MS

    async def _learn_begins(self, segments: Sequence[str], now_ms: int) -> None:
        """Finds out since when segments are counted, as far back as rules may look."""
        today = self._zone.day_of(now_ms)
        days = range(today - DAYS, today + 1)
        for piece in _pieces(segments, len(days)):
            cells = await self._store.history(self._sources, DAY, days, piece)
            for segment in piece:
                first = min((day for day, s in cells if s == segment), default=today)
                old = first == days.start  # or before
                after_ms = self._zone.day_start_ms(first + 1)
                self._begins[segment] = 0 if old else after_ms // QUARTER_MS

    def _is_held(self, segment: str, quarter: int, now_ms: int) -> bool:
        keep = self._retention.of(QUARTER, segment)
        return quarter >= self._begins[segment] and (
            keep is None or quarter * QUARTER_MS >= now_ms - keep
        )

    def _value(self, what: tuple[str, str], cell: Cell | None) -> float | None:
        if cell is None:
            return None
        segment, kpi = what
        entry = find(kpi)
        formula = formula_of(entry, self._reading.formula(segment), ends_now=False)
        return measured(entry, formula, lanes(cell.sums), cell.hist).value

    def _forget(self) -> None:
        """Lets go of the quarter hours that lie furthest back."""
        while self._size > MOST:
            self._size -= len(self._known.pop(min(self._known)))


def _pieces(segments: Sequence[str], buckets: int = 1) -> Iterator[Sequence[str]]:
    length = max(1, PIECE // buckets)
    return (segments[i : i + length] for i in range(0, len(segments), length))
