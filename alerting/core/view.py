"""What rules see of the numbers: a board, and what earlier weeks were like.

`BoardView` is all that a rule needs; whoever tests rules can write one in a few lines. `Detailed`
says more where it is there: the guards of means and percentiles and the projection get sharper.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from statistics import median
from typing import Final, Protocol, TypeGuard

from streams.core import windows
from streams.core.board import Board
from streams.core.buckets import HOUR_MS, QUARTER_MS, Retention, Zone
from streams.core.changes import Visible
from streams.core.errors import BadName
from streams.core.instants import instant
from streams.core.policy import ReadingPolicy
from streams.core.reading import Reading
from streams.core.running import Windows
from streams.core.tally import Cell
from streams.core.windows import Span

_REMEMBERED: Final = 200_000
_UTC: Final = Zone("UTC")
_NOON_MS: Final = 1_800_014_400_000
"""Any noon."""


class BoardView(Protocol):
    """Readings at `now`."""

    @property
    def now_ms(self) -> int:
        """Board time."""

    @property
    def zone(self) -> Zone:
        """Whose days and quarter hours they are."""

    def read(self, segment: str, kpi: str, window: str) -> Reading:
        """Returns one reading."""

    def segments(self, pattern: str) -> list[str]:
        """Returns the segments that a pattern means."""

    def history(self, segment: str, kpi: str, at_ms: int) -> float | None:
        """Returns a KPI of the whole quarter hour that holds an instant; `None` = not known."""

    def age_ms(self, topic: str | None) -> int | None:
        """Returns how old the numbers of a topic are, or the stalest; `None` = never read."""


class Detailed(Protocol):
    """What a board can say beyond its readings."""

    def histogram(self, segment: str, window: str) -> Mapping[int, int]:
        """Returns the histograms of a window at `now`: counts by family | index."""

    def beyond(self, segment: str) -> int:
        """Returns how many wait beyond their answer target now."""


class Tracked(Protocol):
    """What can say where nothing has changed."""

    def moved(self) -> Collection[str] | None:
        """Returns the segments whose counts may be others than at the last call; `None` = all.

        Of what is counted, not of agents' time or of what is true now: these go on by themselves.
        """


def detailed(view: object) -> TypeGuard[Detailed]:
    """Whether a view says more; a look at one name, for it is asked often."""
    return hasattr(view, "histogram")


def tracked(view: object) -> TypeGuard[Tracked]:
    """Whether a view says where nothing has changed."""
    return hasattr(view, "moved")


class Moving(Windows):
    """Windows that note whose sums change."""

    def __init__(self, zone: Zone, cells: Callable[[Span, str], Iterable[Cell]]) -> None:
        self.moved: set[str] = set()

        def noted(span: Span, segment: str) -> Iterator[Cell]:
            """Yields cells that enter or leave a window."""
            for cell in cells(span, segment):
                self.moved.add(segment)
                yield cell

        super().__init__(zone, noted)

    def change(self, resolution: int, bucket: int, segment: str, old: Cell, new: Cell) -> None:
        """Takes a changed cell into the windows that hold it."""
        self.moved.add(segment)
        super().change(resolution, bucket, segment, old, new)

    def step(self, now_ms: int) -> None:
        """Moves every window; one that has nothing in common with where it was begins anew."""
        for place in self._places.values():
            if place.window.span(now_ms, self._zone).first > place.span.last:
                self.moved.update(place.running)
        super().step(now_ms)


class AlertBoard(Board):
    """A board that also tells what guards want to know, and where anything has changed.

    One evaluator at a time: `moved` forgets what it has told.
    """

    def __init__(
        self, zone: Zone, policy: ReadingPolicy, sources: Sequence[str], retention: Retention
    ) -> None:
        super().__init__(zone, policy, sources, retention)
        self._windows = self._moving = Moving(zone, self._merged.cells)
        self._all = True
        self._rebuilding: dict[str, bool] = {}

    def load(self, source: str, everything: Visible) -> None:
        """Replaces all that is known of a source."""
        self._all = True
        super().load(source, everything)

    def apply(self, source: str, change: Visible) -> None:
        """Takes in what one commit changed; segments never seen before may change targets."""
        self._all = self._all or bool(change.segments)
        super().apply(source, change)

    def mark(self, source: str, as_of_ms: int | None, rebuilding: bool) -> None:
        """Says how far a source has been read, and whether it is still being built."""
        self._all = self._all or self._rebuilding.get(source) != rebuilding
        self._rebuilding[source] = rebuilding
        super().mark(source, as_of_ms, rebuilding)

    def drop(self, source: str) -> None:
        """Forgets a source that has no state: its worker builds it anew."""
        self._all = True
        super().drop(source)

    def moved(self) -> Collection[str] | None:
        """Returns the segments whose counts may be others than at the last call; `None` = all."""
        found = None if self._all else frozenset(self._moving.moved)
        self._moving.moved.clear()
        self._all = False
        return found

    def histogram(self, segment: str, window: str) -> Mapping[int, int]:
        """Returns the histograms of a window: counts by family | index."""
        span = windows.parse(window).span(self.now_ms, self._zone)
        found: Counter[int] = Counter()
        for cell in self._merged.cells(span, segment):
            found.update(cell.hist)
        return found

    def beyond(self, segment: str) -> int:
        """Returns how many wait beyond their answer target now."""
        return self._beyond(segment)


class Earlier:
    """What is to be expected: the same quarter hours of the same weekday in earlier weeks."""

    def __init__(self) -> None:
        self._medians: dict[tuple[str, str, int, int, int], float] = {}

    def expected(
        self,
        view: BoardView,
        segment: str,
        kpi: str,
        span: tuple[int, int],
        weeks: tuple[int, int],
    ) -> float | None:
        """Returns how many are expected between two instants, `None` where nobody can say.

        Args:
            view: The numbers.
            segment: Of what.
            kpi: A count.
            span: From when to when, in ms; quarter hours count as far as they lie in it.
            weeks: How many weeks to look back, and of how many there must be data.
        """
        start_ms, end_ms = span
        total = 0.0
        for quarter in range(start_ms // QUARTER_MS, -(-end_ms // QUARTER_MS)):
            usual = self._median(view, segment, kpi, quarter, weeks)
            if usual is None:
                return None
            begin = quarter * QUARTER_MS
            share = (min(end_ms, begin + QUARTER_MS) - max(start_ms, begin)) / QUARTER_MS
            total += usual * share
        return total

    def _median(
        self, view: BoardView, segment: str, kpi: str, quarter: int, weeks: tuple[int, int]
    ) -> float | None:
        key = (segment, kpi, quarter, *weeks)
        found = self._medians.get(key)
        if found is None:  # what nobody knows yet is asked for again
            if len(self._medians) > _REMEMBERED:
                self._medians.clear()
            back, least = weeks
            local = view.zone.local(quarter * QUARTER_MS)  # weeks are counted on the wall's clock
            values = (
                view.history(segment, kpi, instant(local - dt.timedelta(weeks=n)))
                for n in range(1, back + 1)
            )
            known = [value for value in values if value is not None]
            if len(known) < least:
                return None
            found = self._medians[key] = median(known)
        return found


@lru_cache(maxsize=1024)
def length_ms(window: str) -> int | None:
    """Returns how long a window is; `None` of one that is true now, or unknown."""
    try:
        span = windows.parse(window).span(_NOON_MS, _UTC)
    except BadName:
        return None
    return span.end_ms(_UTC) - span.start_ms(_UTC)


def nominal_ms(window: str) -> int | None:
    """Returns how long a window is by its name: `2h` is two hours, whatever runs on top of them."""
    length = length_ms(window)
    if length is None:
        return None
    parsed = windows.parse(window)
    return parsed.count * HOUR_MS if parsed.kind == "hours" else length
