"""What a rule finds at one segment: a verdict, and how limits, guards and ladders come to it.

A verdict is small, because most of them say that nothing is the matter; what a message needs is
made of it only when somebody has to be told (`observe.facts`).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from alerting.core.guards import Side, mean_beyond, quantile_beyond, share_beyond
from alerting.core.rules import Bound, Guard, LevelOf
from alerting.core.shapes import Data, Severity
from alerting.core.view import BoardView, detailed
from streams.core.catalogue import Kpi
from streams.core.kpis import find
from streams.core.policy import Target
from streams.core.reading import Reading
from streams.core.shapes import Quantile
from streams.core.tally import HANDLE, WAIT
from streams.core.windows import LIVE

MEANS: Final[Mapping[str, int]] = {"wait_mean": WAIT, "handle_time_mean": HANDLE}
"""Means of which a histogram tells the variance."""
BAD_DATA: Final[tuple[Data, ...]] = ("stale", "missing", "few", "ok")
"""Worst first."""
NO_DETAIL: Final[Mapping[str, Any]] = {}


class Edge(NamedTuple):
    """One level's limits, in units of what is judged."""

    severity: Severity
    side: Side
    limit: float
    clear: float

    def beyond(self, value: float) -> bool:
        """Whether a value calls for the level."""
        return value > self.limit if self.side == "above" else value < self.limit

    def stays(self, value: float) -> bool:
        """Whether a value does not clear the level yet."""
        return value >= self.clear if self.side == "above" else value <= self.clear


class Verdict(NamedTuple):
    """What a rule found."""

    data: Data
    raised: Severity = Severity.NONE
    kept: Severity = Severity.NONE
    value: float | None = None
    """What was judged; of a reading its value."""
    reading: Reading | None = None
    window: str = ""
    edges: tuple[Edge, ...] = ()
    detail: Mapping[str, Any] = NO_DETAIL


class Read(NamedTuple):
    """A reading, and whether it can be judged."""

    data: Data
    value: float | None
    """`None` = nothing is the matter: nobody waits."""
    reading: Reading


def edges_of(levels: Mapping[Severity, LevelOf], target: Target | None) -> tuple[Edge, ...]:
    """Returns the limits of levels, worst first.

    Args:
        levels: The levels, with limits.
        target: What limits are relative to; `None` = they are absolute.
    """
    found = []
    for severity, level in levels.items():
        assert level.raise_ is not None
        assert level.clear is not None
        limits = (absolute(bound, target) for bound in (level.raise_, level.clear))
        found.append(Edge(severity, level.raise_.side, *limits))
    return tuple(found)


def absolute(bound: Bound, target: Target | None) -> float:
    """Returns a limit in units of the KPI."""
    if target is None:
        return bound.amount.value
    sides = (target.high, target.low) if bound.side == "above" else (target.low, target.high)
    own = next((side for side in sides if side is not None), 0.0)
    return own + abs(own) * bound.amount.value


def judge(
    value: float, edges: tuple[Edge, ...], confirm: Callable[[Edge], bool]
) -> tuple[Severity, Severity]:
    """Returns the worst level raised, and the worst level kept.

    Args:
        value: What is judged.
        edges: Worst first.
        confirm: Whether the guard agrees that the value lies beyond an edge.
    """
    none = Severity.NONE
    if not edges[-1].stays(value):  # levels are nested: the last is the first to stay
        return none, none
    raised = next(
        (e.severity for e in edges if e.beyond(value) and confirm(e)), none
    )  # fmt: skip
    kept = next((e.severity for e in edges if e.stays(value)), none)
    return raised, max(raised, kept)


class Reader:
    """Reads one KPI and says whether it can be judged: the shortest window with enough contacts.

    What is true now has one window. Called for every segment at every tick, so it is written to be
    quick.

    Args:
        kpi: Which.
        guard: How many contacts it takes.
        stale_ms: How old a reading may be.
        ladder: Names of windows, shortest first.
    """

    def __init__(self, kpi: Kpi, guard: Guard, stale_ms: int, ladder: Iterable[str]) -> None:
        self._id, self._live = kpi.id, kpi.kind == LIVE
        self._least = guard.min_samples if kpi.sampled else 0
        self._stale_ms = stale_ms
        self._ladder = (LIVE,) if self._live else tuple(ladder)

    def __call__(self, view: BoardView, segment: str) -> Read:
        """Returns the reading of a segment."""
        for window in self._ladder:
            found = view.read(segment, self._id, window)
            if (found.n or 0) >= self._least:
                break
        return self._read(view, found)

    def _read(self, view: BoardView, found: Reading) -> Read:
        if found.as_of_ms is None:
            return Read("missing", None, found)
        if found.rebuilding or view.now_ms - found.as_of_ms > self._stale_ms:
            return Read("stale", None, found)
        if (found.n or 0) < self._least:
            return Read("few", None, found)
        if found.value is None:
            nobody = self._live and view.read(found.segment, "waiting", LIVE).value == 0
            return Read("ok" if nobody else "missing", None, found)
        return Read("ok", found.value, found)


def confirms(view: BoardView, kpi: Kpi, reading: Reading, guard: Guard, edge: Edge) -> bool:
    """Returns whether a value beyond an edge is more than chance.

    Of what is no sample (counts, time, live values), and where a histogram would be needed that
    nobody has, the minimum of contacts is all there is.
    """
    confidence = guard.confidence
    if confidence is None:
        return True
    match kpi.kind:
        case "share":
            assert reading.part is not None
            assert reading.whole is not None
            return share_beyond(reading.part, reading.whole, edge.limit, edge.side, confidence)
        case "quantile" if detailed(view):
            shape = kpi.formulas[reading.formula]
            assert isinstance(shape, Quantile)
            hist = view.histogram(reading.segment, reading.window)
            return quantile_beyond(
                hist, shape.family, shape.percent, edge.limit, edge.side, confidence
            )
        case "mean" if kpi.id in MEANS and detailed(view):
            assert reading.value is not None
            hist, base = view.histogram(reading.segment, reading.window), MEANS[kpi.id]
            return mean_beyond(hist, base, reading.value, edge.limit, edge.side, confidence)
        case _:
            return True


def entry_of(metric: str | None) -> Kpi:
    """Returns the KPI of a rule that makes sense."""
    assert metric is not None
    return find(metric)
