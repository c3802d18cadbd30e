"""Running sums: windows that somebody reads, kept up to date by what comes in and what goes out.

Theory of operation. A window gets its sums when it is first read, by adding up its cells. From then
on a cell that changes costs one subtraction and one addition, and a step of `now` only the buckets
that the window leaves behind and those that it comes to:

    before   ├──────────────┤
    after        ├──────────────┤
    out      ├──┤            ├──┤  in

Always: sums = the sum of all cells that the reader holds of its buckets. A window that nobody has
read for a while loses its sums.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from streams.core import reading
from streams.core.agents.labels import STEP
from streams.core.agents.times import ELAPSED, measures
from streams.core.buckets import Zone
from streams.core.catalogue import Kpi
from streams.core.costs import Prices
from streams.core.shapes import Measured
from streams.core.tally import Cell, lanes
from streams.core.windows import Span, Window

IDLE_MS: Final = 600_000
"""How long sums are kept that nobody reads."""
_LOOK_MS = 60_000


def without(a: Span, b: Span) -> list[Span]:
    """Returns the buckets of `a` that are not in `b`, of the same resolution."""
    before = Span(a.resolution, a.first, min(a.last, b.first - 1))
    after = Span(a.resolution, max(a.first, b.last + 1), a.last)
    return [span for span in (before, after) if span.first <= span.last]


class Stretch(NamedTuple):
    """Where a window lies in time, and who is there at its end."""

    start_ms: int
    end_ms: int
    """Now, while the window runs."""
    levels: Mapping[int, int]
    """Label → how many agents hold it at the end."""

    def same(self, other: "Stretch | None") -> bool:
        """Whether it is another's: levels are compared by identity, which readers keep."""
        return (
            other is not None
            and self.end_ms == other.end_ms
            and self.start_ms == other.start_ms
            and self.levels is other.levels
        )


class Running:
    """The sums of one window of one segment, and the KPIs made of them since they last changed."""

    def __init__(self, now_ms: int) -> None:
        self.read_ms = now_ms
        self._sums = 0
        self._hist: dict[int, int] = {}
        self._steps: dict[int, int] = {}
        self._counts: dict[str, int] | None = None
        self._measures: Mapping[str, int] = {}
        self._stretch: Stretch | None = None
        self._found: dict[tuple[str, str], Measured] = {}

    @property
    def timed(self) -> bool:
        """Whether agents' steps are in it."""
        return bool(self._steps)

    def take(self, cell: Cell, sign: int) -> None:
        """Adds a cell, or takes it out."""
        self._sums += sign * cell.sums
        for key, n in cell.hist.items():
            to = self._hist if key < STEP else self._steps
            left = to.get(key, 0) + sign * n
            if left:
                to[key] = left
            else:
                to.pop(key, None)
        self._counts = self._stretch = None
        self._found.clear()

    def measured(
        self, kpi: Kpi, formula: str, stretch: Stretch, prices: Prices, beyond: int = 0
    ) -> Measured:
        """Returns a KPI of the sums.

        Args:
            kpi: A KPI that has windows.
            formula: Which of its formulas.
            stretch: When the window lies, and which agents are at its end.
            prices: What agents' time costs.
            beyond: Who waits beyond the answer target now (SL-now).
        """
        if not stretch.same(self._stretch):
            self._take_time(stretch)
        if beyond or kpi.kind == "cost":  # which grows with time alone
            return reading.measured(kpi, formula, self._measures, self._hist, beyond, prices)
        found = self._found.get((kpi.id, formula))
        if found is None:
            found = reading.measured(kpi, formula, self._measures, self._hist, 0, prices)
            self._found[kpi.id, formula] = found
        return found

    def _take_time(self, stretch: Stretch) -> None:
        """Works out measures for a stretch: agents' time grows while nothing happens."""
        if self._counts is None:
            self._counts = lanes(self._sums)
            self._found.clear()
        elapsed = {ELAPSED: stretch.end_ms - stretch.start_ms}
        if self._steps or stretch.levels:
            times = measures(stretch.levels, self._steps, stretch.start_ms, stretch.end_ms)
            self._measures = {**self._counts, **times, **elapsed}
            self._found.clear()
        else:
            self._measures = {**self._counts, **elapsed}
        self._stretch = stretch


class Place:
    """Where a window lies at `now`, and the segments that are read in it."""

    def __init__(self, window: Window, span: Span, zone: Zone) -> None:
        self.window = window
        self.running: dict[str, Running] = {}
        self.move(span, zone)

    def move(self, span: Span, zone: Zone) -> None:
        """Moves it to another span."""
        self.span, self.start_ms, self.end_ms = span, span.start_ms(zone), span.end_ms(zone)


class Windows:
    """All windows that somebody reads.

    Args:
        zone: Whose days they are.
        cells: Returns the held cells of one segment in a span, of all sources.
    """

    def __init__(self, zone: Zone, cells: Callable[[Span, str], Iterable[Cell]]) -> None:
        self._zone, self._cells = zone, cells
        self._now_ms = 0
        self._places: dict[str, Place] = {}
        self._readers: dict[tuple[int, str], list[Place]] = {}
        """(resolution, segment) → the windows in which it is read."""

    def place(self, window: Window) -> Place:
        """Returns where a window lies now.

        Raises:
            BadName: the window is `live`.
        """
        place = self._places.get(window.name)
        if place is None:
            place = Place(window, window.span(self._now_ms, self._zone), self._zone)
            self._places[window.name] = place
        return place

    def running(self, place: Place, segment: str) -> Running:
        """Returns a window's sums of a segment."""
        running = place.running.get(segment)
        if running is None:
            running = place.running[segment] = Running(self._now_ms)
            for cell in self._cells(place.span, segment):
                running.take(cell, 1)
            self._readers.setdefault((place.span.resolution, segment), []).append(place)
        running.read_ms = self._now_ms
        return running

    def change(self, resolution: int, bucket: int, segment: str, old: Cell, new: Cell) -> None:
        """Takes a changed cell into the windows that hold it."""
        for place in self._readers.get((resolution, segment), ()):
            if place.span.first <= bucket <= place.span.last:
                running = place.running[segment]
                running.take(old, -1)
                running.take(new, 1)

    def step(self, now_ms: int) -> None:
        """Moves every window to another `now`."""
        minutes, self._now_ms = self._now_ms // _LOOK_MS, now_ms
        for place in self._places.values():
            span = place.window.span(now_ms, self._zone)
            if span != place.span:
                self._move(place, span)
        if now_ms // _LOOK_MS != minutes:
            for place in list(self._places.values()):
                for segment, running in list(place.running.items()):
                    if running.read_ms < now_ms - IDLE_MS:
                        self._stop(place, segment)
                if not place.running:
                    del self._places[place.window.name]

    def _move(self, place: Place, span: Span) -> None:
        """Moves a window; one that has nothing in common with where it was is added up anew."""
        out, into = without(place.span, span), without(span, place.span)
        for segment, running in list(place.running.items()):
            if out == [place.span]:
                self._stop(place, segment)
                continue
            for moved, sign in ((out, -1), (into, 1)):
                for part in moved:
                    for cell in self._cells(part, segment):
                        running.take(cell, sign)
        place.move(span, self._zone)

    def _stop(self, place: Place, segment: str) -> None:
        del place.running[segment]
        readers = self._readers[place.span.resolution, segment]
        readers.remove(place)
        if not readers:
            del self._readers[place.span.resolution, segment]
