"""The cells of one source: three resolutions, rolled up step by step.

Bookings come in as a tally, keyed by time and combination, and are spread over segments once,
at the commit: combination → segments at 10 s, 10 s → quarter hours, quarter hours → local days. So
a booking that is taken back before the commit costs nothing, and a hot segment costs one addition a
bucket instead of one a booking.
"""

import zlib
from collections import _count_elements  # type: ignore[attr-defined]  # Counter's own loop, in C
from collections.abc import Mapping
from typing import Any, Final, cast

import msgspec

from streams.core.agents.groups import Groups
from streams.core.agents.steps import Amounts, Place, StepDelta, spread_steps
from streams.core.bookings import Marks
from streams.core.buckets import (
    DAY,
    DAY_MS,
    FINE,
    FINE_MS,
    FINE_PER_QUARTER,
    HOUR_MS,
    QUARTER,
    QUARTER_MS,
    Retention,
    Zone,
)
from streams.core.dims import DIMS_BITS, Dims
from streams.core.names import SITE
from streams.core.tally import Cell, add_counts

COLD_MS: Final = (2 * DAY_MS, 6 * HOUR_MS, 2 * DAY_MS)
"""By resolution: buckets older than this lie packed: seldom changed, and a 20th of the memory."""
FOREVER: Final = 1 << 62
"""Longer than any time in ms, later than any bucket."""
_NO_HISTOGRAM: Final[Mapping[int, int]] = {}
_LOW = (1 << DIMS_BITS) - 1
Bucket = dict[int, list[Any]]
"""segment → [sums, histogram or None]"""
Delta = dict[int, Bucket]
"""bucket → what is added to it: segment → [sums, marks]. A mark is a histogram index, +1; or its
complement, −1: lists roll up faster than dicts, and are counted once a resolution."""
Named = tuple[int, str]
"""(bucket, segment's name)"""
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(dict[int, tuple[bytes, dict[int, int] | None]]).decode


class Cells:
    """All cells of one source."""

    def __init__(self, retention: Retention, zone: Zone, dims: Dims) -> None:
        self._retention, self._zone, self._dims = retention, zone, dims
        self._buckets: tuple[dict[int, Bucket | bytes], ...] = ({}, {}, {})
        self._keeps: list[tuple[int, int, int]] = []
        self._classes: tuple[set[int], ...] = (set(), set(), set())
        self._swept: dict[tuple[int, int], int] = {}
        self._thawed: tuple[set[int], ...] = (set(), set(), set())
        self._cold = [0, 0, 0]

    def add(
        self,
        tally: Mapping[int, int],
        marks: Marks,
        top_ms: int,
        steps: Mapping[Place, Amounts],
        groups: Groups,
    ) -> tuple[tuple[dict[Named, Cell], ...], tuple[list[Named], ...]]:
        """Books a tally and its marks, and agents' steps; drops what the source's time has passed.

        Returns:
            By resolution: the absolute value of every cell that changed, and the cells that are no
            longer there. The histograms are the cells' own: read them before the next call.
        """
        self._learn_segments()
        fine: Delta = {}
        quarter: Delta = {}
        day: Delta = {}
        oldest = self._first_kept(FINE, self._retention.fine_ms, top_ms)
        self._spread(tally, marks, oldest, fine, quarter)
        self._sum_up(fine)
        self._sum_up(quarter)
        for bucket, cells in fine.items():
            _merge(quarter.setdefault(bucket // FINE_PER_QUARTER, {}), cells)
        for bucket, cells in quarter.items():
            _merge(day.setdefault(self._zone.day_of_quarter(bucket), {}), cells)
        back = [{key >> DIMS_BITS for key in marks.taken_back}]
        back.append({bucket // FINE_PER_QUARTER for bucket in back[FINE]})
        back.append({self._zone.day_of_quarter(bucket) for bucket in back[QUARTER]})
        gone: tuple[list[Named], ...] = ([], [], [])
        changed = tuple(
            self._apply(res, delta, top_ms, back[res], gone[res])
            for res, delta in enumerate((fine, quarter, day))
        )
        if steps:
            spread = spread_steps(steps, groups, oldest, self._zone)
            for res, of_steps in enumerate(spread):
                self._apply_steps(res, of_steps, top_ms, changed[res], gone[res])
        self._forget(top_ms, gone)
        self._freeze(top_ms)
        return changed, gone

    def load(self, cells: tuple[Mapping[Named, Cell], ...]) -> None:
        """Takes in stored cells, into an empty object."""
        for store, stored in zip(self._buckets, cells, strict=True):
            for (bucket, segment), cell in stored.items():
                held = cast(Bucket, store.setdefault(bucket, {}))
                held[self._dims.segment(segment)] = [cell.sums, dict(cell.hist) or None]
        self._learn_segments()

    def everything(self) -> tuple[dict[Named, Cell], ...]:
        """Returns every cell, by resolution."""
        names = self._dims.names
        return tuple(
            {
                (b, names[s]): Cell(v, h or {})
                for b, held in store.items()
                for s, (v, h) in _read(held).items()
            }
            for store in self._buckets
        )

    # -- spreading

    def _spread(  # the hot loop of a commit
        self,
        tally: Mapping[int, int],
        marks: Marks,
        oldest: int,
        fine: Delta,
        quarter: Delta,
    ) -> None:
        in_both, in_fine, in_coarse = self._dims.booked, self._dims.fine, self._dims.coarse
        marks_of, last, above = marks.get, -1, cast(Bucket, {})
        for key, value in tally.items():
            marked = marks_of(key) or None  # none, too, where all were taken back
            if not value and marked is None:
                continue
            bucket, dims = key >> DIMS_BITS, key & _LOW
            if bucket != last:  # bookings come roughly in order
                last, above = bucket, quarter.setdefault(bucket // FINE_PER_QUARTER, {})
            if bucket >= oldest:
                _book(fine.setdefault(bucket, {}), in_fine[dims], value, marked)
                _book(above, in_coarse[dims], value, marked)
            elif marked is not None:
                _book(above, in_both[dims], value, marked)
            else:  # what `_book` does, without a call: most bookings
                for segment in in_both[dims]:
                    cell = above.get(segment)
                    if cell is None:
                        above[segment] = [value, None]
                    else:
                        cell[0] += value

    def _sum_up(self, delta: Delta) -> None:
        """Adds `site` where it is the sum of the channels: one addition a bucket, not a booking."""
        channels = self._dims.channels
        if channels:
            site = self._dims.segment(SITE)
            for cells in delta.values():
                for channel in channels:
                    if channel in cells:
                        sums, marks = cells[channel]
                        _book(cells, (site,), sums, marks)

    def _apply(
        self, res: int, delta: Delta, top_ms: int, back: set[int], gone: list[Named]
    ) -> dict[Named, Cell]:
        """Adds deltas to what is held; afterwards they may be what is held.

        `back`: the buckets whose marks may be complements.
        """
        changed: dict[Named, Cell] = {}
        names, new, store = self._dims.names, tuple.__new__, self._buckets[res]  # Cell() calls new
        keeps = self._classes[res] - {0}  # kept not at all: such segments are not in a delta
        firsts = {k: self._first_kept(res, k, top_ms) for k in keeps}
        all_kept = max(firsts.values(), default=0)
        for bucket, cells in delta.items():
            if bucket < all_kept:
                self._drop_unkept(res, bucket, cells, firsts)
            held = self._added(res, bucket, cells, taken_back=bucket in back)
            zeros = []
            for segment in cells:
                sums, hist = held[segment]
                if sums or hist:
                    changed[bucket, names[segment]] = new(Cell, (sums, hist or _NO_HISTOGRAM))
                else:
                    zeros.append(segment)
            for segment in zeros:
                del held[segment]
                gone.append((bucket, names[segment]))
            if not held:
                del store[bucket]
        return changed

    def _apply_steps(
        self,
        res: int,
        delta: StepDelta,
        top_ms: int,
        changed: dict[Named, Cell],
        gone: list[Named],
    ) -> None:
        """Adds agents' steps to what is held, after `_apply` of the same commit."""
        names, empty = self._dims.names, set[Named]()
        keeps = self._classes[res] - {0}
        firsts = {k: self._first_kept(res, k, top_ms) for k in keeps}
        for bucket, by_segment in delta.items():
            held = self._bucket(res, bucket)
            for segment, amounts in by_segment.items():
                if bucket < firsts.get(self._keeps[segment][res], FOREVER):
                    continue
                cell = held.setdefault(segment, [0, None])
                cell[1] = hist = cell[1] or {}
                add_counts(hist, amounts)
                named = bucket, names[segment]
                if cell[0] or hist:
                    changed[named] = Cell(cell[0], hist)
                else:
                    del held[segment]
                    changed.pop(named, None)
                    empty.add(named)
            if not held:
                del self._buckets[res][bucket]
        gone[:] = [*(key for key in gone if key not in changed), *empty.difference(gone)]

    def _added(self, res: int, bucket: int, cells: Bucket, *, taken_back: bool) -> Bucket:
        """Returns what is held of a bucket, with what is new."""
        if bucket in self._buckets[res] or taken_back:  # a complement must meet its mark
            held = self._bucket(res, bucket)
            _add(held, cells, taken_back=taken_back)
            return held
        for cell in cells.values():
            if cell[1]:
                cell[1] = _counted(cell[1])
        return self._new_bucket(res, bucket, cells)

    def _drop_unkept(self, res: int, bucket: int, cells: Bucket, firsts: Mapping[int, int]) -> None:
        for segment in [s for s in cells if bucket < firsts.get(self._keeps[s][res], FOREVER)]:
            del cells[segment]

    def _new_bucket(self, res: int, bucket: int, cells: Bucket) -> Bucket:
        self._buckets[res][bucket] = cells
        if bucket < self._cold[res]:
            self._thawed[res].add(bucket)
        return cells

    def _bucket(self, res: int, bucket: int) -> Bucket:
        store = self._buckets[res]
        held = store.get(bucket)
        if held is None:
            held = self._new_bucket(res, bucket, {})
        elif isinstance(held, bytes):
            held = store[bucket] = _thaw(held)
            self._thawed[res].add(bucket)
        return held

    # -- forgetting

    def _learn_segments(self) -> None:
        """Finds the retention of segments that are new."""
        of = self._retention.of
        for name in self._dims.names[len(self._keeps) :]:
            keep = tuple(FOREVER if (k := of(r, name)) is None else k for r in (FINE, QUARTER, DAY))
            self._keeps.append(cast(tuple[int, int, int], keep))
            for res, k in enumerate(keep):
                self._classes[res].add(k)

    def _first_kept(self, res: int, keep: int | None, top_ms: int) -> int:
        """Returns the first bucket that begins at or after source time − retention."""
        if keep is None or keep >= top_ms:
            return 0
        if res == DAY:
            return self._zone.day_of(top_ms - keep - 1) + 1
        if res == FINE and keep == 0:
            return FOREVER
        return (top_ms - keep - 1) // (FINE_MS if res == FINE else QUARTER_MS) + 1

    def _forget(self, top_ms: int, gone: tuple[list[Named], ...]) -> None:
        for res, classes in enumerate(self._classes):
            for keep in classes:
                first, swept = self._first_kept(res, keep, top_ms), self._swept.get((res, keep), 0)
                if first > swept:
                    store = self._buckets[res]
                    for bucket in [b for b in store if swept <= b < first]:
                        self._forget_class(res, bucket, keep, gone[res])
                    self._swept[res, keep] = first

    def _forget_class(self, res: int, bucket: int, keep: int, gone: list[Named]) -> None:
        """Drops the cells of one retention from a bucket."""
        held = self._bucket(res, bucket)
        for segment in [s for s in held if self._keeps[s][res] == keep]:
            del held[segment]
            gone.append((bucket, self._dims.names[segment]))
        if not held:
            del self._buckets[res][bucket]

    def _freeze(self, top_ms: int) -> None:
        for res, store in enumerate(self._buckets):
            first, done = self._first_kept(res, COLD_MS[res], top_ms), self._cold[res]
            thawed = self._thawed[res]
            if first > done:
                thawed.update(b for b in store if done <= b < first)
                self._cold[res] = first
            for bucket in thawed:
                held = store.get(bucket)
                if isinstance(held, dict):
                    store[bucket] = _frozen(held)
            thawed.clear()


def _book(to: Bucket, segments: tuple[int, ...], value: int, marks: list[int] | None) -> None:
    for segment in segments:
        cell = to.get(segment)
        if cell is None:
            to[segment] = [value, marks and marks[:]]
        else:
            cell[0] += value
            if marks:
                if cell[1] is None:
                    cell[1] = marks[:]
                else:
                    cell[1] += marks


def _merge(to: Bucket, cells: Bucket) -> None:
    for segment, (sums, marks) in cells.items():
        _book(to, (segment,), sums, marks)


def _add(held: Bucket, cells: Bucket, *, taken_back: bool) -> None:
    for segment, (sums, marks) in cells.items():
        cell = held.get(segment)
        if cell is None:
            cell = held[segment] = [sums, None]
        else:
            cell[0] += sums
        if marks:
            if cell[1] is None:
                cell[1] = {}
            _count_elements(cell[1], marks)
            if taken_back:
                _take_out(cell[1], marks)


def _counted(marks: list[int]) -> dict[int, int]:
    hist: dict[int, int] = {}
    _count_elements(hist, marks)
    return hist


def _take_out(hist: dict[int, int], marks: list[int]) -> None:
    """Settles complements that were counted into a histogram; counts of zero are taken out."""
    for mark in {m for m in marks if m < 0}:
        left = hist.get(~mark, 0) - hist.pop(mark)
        if left:
            hist[~mark] = left
        else:
            del hist[~mark]


def _frozen(held: Bucket) -> bytes:
    cells = {
        s: (v.to_bytes(v.bit_length() // 8 + 1, "little", signed=True), h)
        for s, (v, h) in held.items()
    }
    return zlib.compress(_pack(cells), 1)


def _thaw(held: bytes) -> Bucket:
    cells = _unpack(zlib.decompress(held))
    return {s: [int.from_bytes(v, "little", signed=True), h] for s, (v, h) in cells.items()}


def _read(held: Bucket | bytes) -> Bucket:
    return _thaw(held) if isinstance(held, bytes) else held
