"""Sums: every measure of a cell in one integer, durations also in a histogram.

A cell's sums are one Python int of signed 48-bit lanes, a lane a measure: adding two cells is one
addition, taking a booking back one subtraction, and the lanes are only told apart when somebody
reads. 48 bits hold 4,400 years of milliseconds. The order of the lanes is part of what lies in
Redis: new measures are added at the end.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

MEASURES: Final = (
    "offered",  # queue entries, at their start
    "answered",  # entries answered, at the answer
    "answered_within",  # of these, with a wait not longer than the answer target X
    "wait_ms",  # waits of the answered
    "handled",  # legs, at their end or at the end of the wrap-up
    "talk_ms",
    "created",  # contacts, at their first sign of life
    "abandoned",  # entries left in queue or while ringing
    "wait_abandoned_ms",
    "abandoned_within",  # with a wait not longer than X
    "short_abandoned",  # with a wait not longer than T
    "hold_ms",
    "wrap_ms",
    "transferred",
    "flowed_out",
    "wait_flowed_out_ms",
    "callback_within",  # flowed out to a callback with a wait not longer than X
    "rings",  # contact.offered: an agent's telephone rang
    "missed",
    "abandoned_ivr",  # left before any queue
    "messages",
    "solved",
    "reopened",
    "handled_by_nobody",  # legs of which no agent is known: mostly none, and so are the next two
    "answered_by_nobody",
    "rings_left",  # of the missed rings, those that the caller left
)
LANE_BITS: Final = 48
_HALF, _MASK = 1 << LANE_BITS - 1, (1 << LANE_BITS) - 1
UNIT: Final[Mapping[str, int]] = {m: 1 << LANE_BITS * i for i, m in enumerate(MEASURES)}
"""What one of a measure adds to a cell's sums."""
SHIFT: Final[Mapping[str, int]] = {m: LANE_BITS * i for i, m in enumerate(MEASURES)}
"""`value << SHIFT[measure]` is what `value` of a measure adds."""

GAMMA: Final = 1.02
EDGES: Final = (0, *(102**i // 100**i for i in range(1200)))
"""Upper edges in ms. Index 0 is zero by itself; index i + 1 is (γ^(i-1), γ^i], floored exactly."""
FAMILY_BITS: Final = 11
WAIT: Final = 0
"""Histogram family: waits of the answered."""
HANDLE: Final = 1 << FAMILY_BITS
"""Histogram family: talk + hold + wrap-up of the handled."""


_MARKS: Final = tuple(range(2 << FAMILY_BITS))
"""One object an index: histograms find it by identity, and no booking makes another."""
WAIT_MARKS: Final = _MARKS[WAIT : WAIT + HANDLE]
HANDLE_MARKS: Final = _MARKS[HANDLE:]


class Cell(NamedTuple):
    """The sums of one (segment, bucket): lanes, and counts by family | histogram index (shared.

    Never mutate).
    """

    sums: int
    hist: Mapping[int, int]


EMPTY: Final = Cell(0, {})


def lanes(sums: int) -> dict[str, int]:
    """Returns the measures that are not zero."""
    out = {}
    for measure in MEASURES:
        if not sums:
            break
        value = sums & _MASK
        if value >= _HALF:
            value -= 1 << LANE_BITS
        if value:
            out[measure] = value
        sums = (sums - value) >> LANE_BITS
    return out


def histogram_index(ms: int) -> int:
    """Returns the index of the bucket that holds a duration."""
    return bisect_left(EDGES, ms)


def histogram_seconds(index: int) -> float:
    """Returns the value that stands for a bucket: 2γ^i/(γ+1), within 1 % of everything in it.

    Zero stands for itself.
    """
    return 2 * GAMMA ** (index - 1) / (GAMMA + 1) / 1000 if index else 0.0


def family(hist: Mapping[int, int], base: int) -> Iterator[tuple[int, int]]:
    """Yields (index, count) of one family in ascending order, counts that are not zero."""
    for key in sorted(hist):
        if hist[key] and base <= key < base + HANDLE:
            yield key - base, hist[key]


def percentile(hist: Mapping[int, int], base: int, percent: int) -> float | None:
    """Returns the nearest-rank percentile of a family in seconds, `None` where it is empty."""
    buckets = list(family(hist, base))
    rank = -(-sum(n for _, n in buckets) * percent // 100)
    for index, n in buckets:
        rank -= n
        if rank <= 0:
            return histogram_seconds(index)
    return None


_one: Final = dict[int, int]().setdefault


def own(cell: Cell) -> Cell:
    """Returns a cell with a histogram of its own, whose keys are one object each.

    There are many cells and few keys: a third of a reader's memory.
    """
    return Cell(cell.sums, {_one(key, key): n for key, n in cell.hist.items()})


def merge(a: Cell, b: Cell) -> Cell:
    """Returns the sum of two cells."""
    return Cell(a.sums + b.sums, _merge_histograms(a.hist, b.hist))


def _merge_histograms(a: Mapping[int, int], b: Mapping[int, int]) -> Mapping[int, int]:
    """Returns a + b without zeros; the first may come back as it is."""
    if not b:
        return a
    out = dict(a)
    add_counts(out, b)
    return out


def add_counts(to: dict[int, int], counts: Mapping[int, int]) -> None:
    """Adds counts in place; what comes to 0 is taken out."""
    for key, n in counts.items():
        left = to.get(key, 0) + n
        if left:
            to[key] = left
        else:
            to.pop(key, None)
