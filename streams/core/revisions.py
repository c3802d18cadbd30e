"""What the fold marks as revised: it knows what came late, readers see sums only.

Theory of operation. A fact that comes in its order changes what has been only where that is open
anyway: a leg moves to the end of its wrap-up, and how somebody was out of adherence is told when
the block of his plan is over. So it marks nothing. Every other fact, be it late, a correction or a
plan, is weighed by itself: what it makes of the quarter hours that had ended when it came is
compared with what they were without it. A mark hangs on the log alone, not on where commits lie.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Final

from streams.core.agents.derive import Condition, Piece
from streams.core.agents.groups import Groups
from streams.core.agents.labels import measures_of
from streams.core.agents.steps import weights
from streams.core.bookings import Books
from streams.core.buckets import (
    FINE,
    FINE_MS,
    FINE_PER_QUARTER,
    QUARTER,
    QUARTER_MS,
    Retention,
)
from streams.core.dims import DIMS_BITS, Dims
from streams.core.revised import BLOCK_MS, BUCKET_MS, HISTOGRAM, Bits, Block, mask, settled_ms
from streams.core.tally import HANDLE, lanes

_LOW: Final = (1 << DIMS_BITS) - 1
_NEVER: Final = 1 << 62
_Place = tuple[int, int, int]
"""Resolution, bucket, segment."""


class Revisions:
    """The marks of one source."""

    def __init__(self, retention: Retention, dims: Dims) -> None:
        self._retention, self._dims = retention, dims
        self._blocks: tuple[dict[tuple[int, int], Bits], ...] = ({}, {})
        """By resolution: (block, segment) → bits."""
        self._changed: set[tuple[int, int, int]] = set()
        self._keeps: list[tuple[int | None, int | None]] = []
        """By segment: how long it is kept, by resolution."""
        self._swept: list[tuple[int, ...]] = [(), ()]

    # -- what changed

    def contact(self, before: Books, after: Books, top_ms: int) -> None:
        """Marks in what a contact's bookings differ, in quarter hours that had ended."""
        until = settled_ms(top_ms) // FINE_MS
        sums: Counter[_Place] = Counter()
        marks: Counter[tuple[_Place, int]] = Counter()
        for sign, books in ((-1, before), (1, after)):
            for key, place in self._places(books, until):
                sums[place] += sign * books.tally[key]
                for index in books.marks.get(key, ()):
                    marks[place, index] += sign
        for place, value in sums.items():
            for measure in lanes(value):
                self._mark(place, measure, top_ms)
        for (place, index), n in marks.items():
            if n:
                self._mark(place, HISTOGRAM[index & HANDLE], top_ms)

    def _places(self, books: Books, until: int) -> Iterator[tuple[int, _Place]]:
        """Yields what was booked before a bucket: its key, and each place in which it counts."""
        for key in books.tally:
            bucket = key >> DIMS_BITS
            if bucket < until:
                for segment in self._dims.all[key & _LOW]:
                    yield key, (FINE, bucket, segment)
                    yield key, (QUARTER, bucket // FINE_PER_QUARTER, segment)

    def agent(
        self, before: Sequence[Piece], after: Sequence[Piece], groups: Groups, top_ms: int
    ) -> None:
        """Marks in what an agent's pieces differ; both begin at one time and have ended."""
        sums: Counter[tuple[int, int, str]] = Counter()
        for start, end, old, new in _differences(before, after, settled_ms(top_ms)):
            for (segment, measure), weight in _change(old, new, groups).items():
                self._mark_fine(start, end, segment, measure, top_ms)
                for quarter in range(start // QUARTER_MS, (end - 1) // QUARTER_MS + 1):
                    begin = quarter * QUARTER_MS
                    length = min(end, begin + QUARTER_MS) - max(start, begin)
                    sums[quarter, segment, measure] += weight * length
        for (quarter, segment, measure), ms in sums.items():
            if ms:
                self._mark((QUARTER, quarter, segment), measure, top_ms)

    def _mark_fine(self, start: int, end: int, segment: int, measure: str, top_ms: int) -> None:
        first = max(start // FINE_MS, self._first_kept(FINE, segment, top_ms))
        last = (end - 1) // FINE_MS
        if first <= last:
            for block, bits in mask(FINE, first, last).items():
                self._add(FINE, block, segment, measure, bits)

    def _mark(self, place: _Place, measure: str, top_ms: int) -> None:
        resolution, bucket, segment = place
        if bucket >= self._first_kept(resolution, segment, top_ms):
            for block, bits in mask(resolution, bucket, bucket).items():
                self._add(resolution, block, segment, measure, bits)

    def _add(self, resolution: int, block: int, segment: int, measure: str, bits: int) -> None:
        held = self._blocks[resolution].setdefault((block, segment), {})
        old = held.get(measure, 0)
        if old | bits != old:
            held[measure] = old | bits
            self._changed.add((resolution, block, segment))

    # -- how long

    def _first_kept(self, resolution: int, segment: int, top_ms: int) -> int:
        """Returns the first bucket of a segment that is kept."""
        if segment >= len(self._keeps):
            self._learn_segments()
        return _first(self._keeps[segment][resolution], BUCKET_MS[resolution], top_ms)

    def _learn_segments(self) -> None:
        of = self._retention.of
        for name in self._dims.names[len(self._keeps) :]:
            self._keeps.append((of(FINE, name), of(QUARTER, name)))

    def _forget(self, top_ms: int) -> None:
        """Lets go of the blocks that have passed their retention as a whole."""
        self._learn_segments()
        for resolution, blocks in enumerate(self._blocks):
            keeps = sorted({_or_never(pair[resolution]) for pair in self._keeps})
            size = BLOCK_MS[resolution] // BUCKET_MS[resolution]
            firsts = tuple(_first(k, BUCKET_MS[resolution], top_ms) // size for k in keeps)
            if firsts == self._swept[resolution]:
                continue
            self._swept[resolution] = firsts
            for block, segment in list(blocks):
                if block < self._first_kept(resolution, segment, top_ms) // size:
                    del blocks[block, segment]
                    self._changed.add((resolution, block, segment))

    # -- what is stored

    def take(self, top_ms: int) -> dict[Block, Bits]:
        """Returns the blocks that changed since the last time, whole; without bits = gone."""
        self._forget(top_ms)
        names, changed = self._dims.names, self._changed
        self._changed = set()
        return {
            (resolution, block, names[segment]): dict(
                self._blocks[resolution].get((block, segment), {})
            )
            for resolution, block, segment in sorted(changed)
        }

    def everything(self) -> dict[Block, Bits]:
        """Returns all blocks."""
        names = self._dims.names
        return {
            (resolution, block, names[segment]): dict(bits)
            for resolution, blocks in enumerate(self._blocks)
            for (block, segment), bits in blocks.items()
        }

    def load(self, stored: Mapping[Block, Bits]) -> None:
        """Takes in what is stored, into an empty object."""
        for (resolution, block, segment), bits in stored.items():
            self._blocks[resolution][block, self._dims.planned(segment)] = dict(bits)


def _or_never(keep: int | None) -> int:
    return _NEVER if keep is None else keep


def _first(keep: int | None, bucket_ms: int, top_ms: int) -> int:
    """Returns the first bucket that begins at or after source time − retention."""
    if keep == 0:
        return _NEVER
    if keep is None or keep >= top_ms:
        return 0
    return (top_ms - keep - 1) // bucket_ms + 1


def _differences(
    before: Sequence[Piece], after: Sequence[Piece], end_ms: int
) -> Iterator[tuple[int, int, Condition, Condition]]:
    """Yields (start, end, what was, what is) where two lines of pieces differ."""
    i = j = 0
    t = before[0].t
    while t < end_ms:
        following = [line[k + 1].t for line, k in ((before, i), (after, j)) if k + 1 < len(line)]
        end = min(following, default=end_ms)
        old, new = before[i].condition, after[j].condition
        if old != new:
            yield t, min(end, end_ms), old, new
        t = end
        i += i + 1 < len(before) and before[i + 1].t <= t
        j += j + 1 < len(after) and after[j + 1].t <= t


def _change(old: Condition, new: Condition, groups: Groups) -> dict[tuple[int, str], int]:
    """Returns by how much (segment, measure) differ, in agents."""
    out: Counter[tuple[int, str]] = Counter()
    for sign, condition in ((-1, old), (1, new)):
        group = groups.all[condition.group]
        for label, weight in weights(condition, group.rate):
            for measure in _timed(label):
                for segment in group.booked:
                    out[segment, measure] += sign * weight
    return {key: weight for key, weight in out.items() if weight}


@cache
def _timed(label: int) -> tuple[str, ...]:
    return tuple(f"time_{measure}" for measure in measures_of(label))
