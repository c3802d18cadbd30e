"""Revisions: what was changed in quarter hours that had ended, by something that came late.

A mark says of one measure of one segment in which quarter hours it was changed, and in which 10 s
of them. Nothing takes a mark back, so marks unite in any order; they are let go with the cells.

Marks lie in blocks: a day (UTC) of quarter hours, a quarter hour of 10 s. A block holds one bit a
bucket, by measure.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from streams.core.buckets import DAY_MS, FINE, FINE_MS, QUARTER, QUARTER_MS
from streams.core.tally import HANDLE, WAIT

GRACE_MS: Final = 60_000
"""A quarter hour has ended when the source's own time has passed its end by this much."""
BUCKET_MS: Final = (FINE_MS, QUARTER_MS)
"""By resolution, fine and quarter: days are made of quarter hours."""
BLOCK_MS: Final = (QUARTER_MS, DAY_MS)
"""By resolution: how much time a block holds."""
HISTOGRAM: Final[Mapping[int, str]] = {WAIT: "wait_histogram", HANDLE: "handle_histogram"}
"""Family of histograms → what it is called as a measure."""
Bits = dict[str, int]
"""Measure → which buckets of a block were changed, the first one is the lowest bit."""
Block = tuple[int, int, str]
"""Resolution, number of the block, segment."""


def settled_ms(top_ms: int) -> int:
    """Returns up to when quarter hours have ended, by a source's time."""
    return (top_ms - GRACE_MS) // QUARTER_MS * QUARTER_MS


def mask(resolution: int, first: int, last: int) -> dict[int, int]:
    """Returns buckets, first and last included, as bits by block."""
    size = BLOCK_MS[resolution] // BUCKET_MS[resolution]
    out = {}
    for block in range(first // size, last // size + 1):
        low, high = max(0, first - block * size), min(size - 1, last - block * size)
        out[block] = (1 << high + 1) - (1 << low)
    return out


class Revised:
    """The marks of one source, as a reader holds them."""

    def __init__(self) -> None:
        self._blocks: dict[str, dict[tuple[int, int], Bits]] = {}

    def put(self, marks: Mapping[Block, Bits]) -> None:
        """Makes blocks what they are now; one without bits is gone."""
        for (resolution, block, segment), bits in marks.items():
            of = self._blocks.setdefault(segment, {})
            of.pop((resolution, block), None)
            if bits:
                of[resolution, block] = bits
            elif not of:
                del self._blocks[segment]

    def clear(self) -> None:
        """Forgets all marks."""
        self._blocks.clear()

    def any(
        self, resolution: int, start_ms: int, end_ms: int, segment: str, measures: Iterable[str]
    ) -> bool:
        """Returns whether one of these measures was revised in [start, end).

        Args:
            resolution: Of the window: fine windows are looked up by 10 s, others by quarter hours.
            start_ms: When the window begins.
            end_ms: When it ends.
            segment: Of what.
            measures: What the reading is made of.
        """
        of = self._blocks.get(segment)
        if not of:
            return False
        resolution = FINE if resolution == FINE else QUARTER
        size = BUCKET_MS[resolution]
        wanted = mask(resolution, start_ms // size, (end_ms - 1) // size)
        if len(wanted) > len(of):
            wanted = {b: wanted[b] for r, b in of if r == resolution and b in wanted}
        for block, buckets in wanted.items():
            bits = of.get((resolution, block))
            if bits and any(bits.get(measure, 0) & buckets for measure in measures):
                return True
        return False
