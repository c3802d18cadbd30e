"""What has happened since a source's edge without an event: readers step along the tails.

Theory of operation. A source books agents up to its edge. From there to `now` a reader takes each
tail's next pieces as if they were booked, in cells and levels of its own that are added to the
source's. When the edge moves on, the source has booked what lies before it, and the reader takes
its own steps back; when a tail is replaced, all of that agent's. What tells of far ahead is
unpacked only when `now` gets there.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from heapq import heapify, heappop, heappush
from typing import Final

import msgspec

from streams.core.agents.labels import add_step, entered
from streams.core.agents.tail import Tail, extended
from streams.core.buckets import FINE, RESOLUTIONS, Zone
from streams.core.names import dimensions
from streams.core.tally import EMPTY, Cell, add_counts, merge
from streams.core.windows import bucket_of

Changed = Callable[[int, int, str, Cell, Cell], None]
"""Hears of a cell that changed: resolution, bucket, segment, what it was, what it is."""
_SPARE: Final = 1000
_NO_LEVELS: Final[Mapping[int, int]] = {}


@lru_cache(maxsize=100_000)
def _has_fine(segment: str) -> bool:
    return "agent" not in dimensions(segment)


class _Walker(msgspec.Struct):
    tail: Tail
    version: int
    booked: int
    """Index of the last piece that the source has booked."""
    taken: int
    """Index of the last piece that is taken as booked."""


class Ahead:
    """The tails of one source, stepped along up to `now`."""

    def __init__(self, zone: Zone) -> None:
        self.tails: dict[str, _Walker] = {}
        self.cells: tuple[dict[int, dict[str, Cell]], ...] = tuple({} for _ in RESOLUTIONS)
        """By resolution: bucket → segment → steps since the edge."""
        self.fresh: list[str] = []
        """Segments of which this is the first step since the edge; the reader takes them."""
        self._steps: dict[str, int] = {}
        """segment → how many steps are taken in it."""
        self._zone = zone
        self._levels: dict[str, dict[int, int]] = {}
        self._edge_ms = self._now_ms = 0
        self._coming: list[tuple[int, str, int]] = []
        self._taken: list[tuple[int, str, int]] = []
        self._version = 0

    def levels(self, segment: str) -> Mapping[int, int]:
        """Returns by how much the levels of a segment have changed since the edge."""
        return self._levels.get(segment, _NO_LEVELS)

    def knows(self, segment: str) -> bool:
        """Whether anything has happened in a segment since the edge."""
        return segment in self._steps

    def within(self, resolution: int, first: int, last: int, segment: str) -> Iterator[Cell]:
        """Yields a segment's cells of a span."""
        for bucket, cells in self.cells[resolution].items():
            if first <= bucket <= last and segment in cells:
                yield cells[segment]

    def update(self, edge_ms: int, tails: Mapping[str, Tail | None], changed: Changed) -> None:
        """Takes in what a commit says: its edge, and the tails that are new."""
        self._edge_ms = max(self._edge_ms, edge_ms)
        while self._taken and self._taken[0][0] <= self._edge_ms:
            _, agent, version = heappop(self._taken)
            held = self.tails.get(agent)
            if held is not None and held.version == version and held.booked < held.taken:
                held.booked += 1
                self._take(held, held.booked, -1, changed)
        for agent, tail in tails.items():
            self._replace(agent, tail, changed)

    def clear(self, changed: Changed) -> None:
        """Forgets all agents."""
        for agent in list(self.tails):
            self._replace(agent, None, changed)
        self._edge_ms = 0

    def step(self, now_ms: int, changed: Changed) -> None:
        """Moves `now`; back it goes only as far as the edge."""
        if now_ms < self._now_ms:
            self._go_back(now_ms, changed)
        self._now_ms = now_ms
        while self._coming and self._coming[0][0] <= now_ms:
            t, agent, version = heappop(self._coming)
            held = self.tails.get(agent)
            if held is None or held.version != version:
                continue
            if held.taken + 1 == len(held.tail.pieces):
                held.tail = extended(held.tail)
                self._await(agent, held)
                continue
            held.taken += 1
            if t > self._edge_ms:
                self._take(held, held.taken, 1, changed)
                heappush(self._taken, (t, agent, version))
            else:
                held.booked = held.taken
            self._await(agent, held)

    def _go_back(self, now_ms: int, changed: Changed) -> None:
        for agent, held in list(self.tails.items()):
            if held.taken > held.booked and held.tail.pieces[held.taken].t > now_ms:
                self._replace(agent, held.tail, changed)

    def _replace(self, agent: str, tail: Tail | None, changed: Changed) -> None:
        held = self.tails.pop(agent, None)
        if held is not None:
            for i in range(held.taken, held.booked, -1):
                self._take(held, i, -1, changed)
        if tail is not None:
            self._version += 1
            if tail.until_ms <= self._edge_ms:
                tail = extended(tail)
            at = max((i for i, p in enumerate(tail.pieces) if p.t <= self._edge_ms), default=0)
            held = self.tails[agent] = _Walker(tail, self._version, at, at)
            self._await(agent, held)

    def _await(self, agent: str, held: _Walker) -> None:
        following, tail = held.taken + 1, held.tail
        if following < len(tail.pieces):
            heappush(self._coming, (tail.pieces[following].t, agent, held.version))
        elif tail.later:
            heappush(self._coming, (tail.until_ms, agent, held.version))
        if len(self._coming) > 2 * len(self.tails) + _SPARE:  # most of them are out of date
            self._coming = [(t, a, v) for t, a, v in self._coming if self._is_held(a, v)]
            heapify(self._coming)

    def _is_held(self, agent: str, version: int) -> bool:
        held = self.tails.get(agent)
        return held is not None and held.version == version

    def _take(self, held: _Walker, i: int, sign: int, changed: Changed) -> None:
        """Books the step to piece `i`, or takes it back."""
        before, after = held.tail.pieces[i - 1 : i + 1]
        for piece, n in ((before, -sign), (after, sign)):
            steps: dict[int, int] = {}
            for label, weight in piece.weighted:
                add_step(steps, label, n * weight, after.t)
            for segment in held.tail.groups[piece.group] if steps else ():
                self._count(segment, sign)
                levels = self._levels.setdefault(segment, {})
                add_counts(levels, dict(entered(steps)))
                if not levels:
                    del self._levels[segment]
                self._add(segment, after.t, Cell(0, steps), changed)

    def _count(self, segment: str, sign: int) -> None:
        n = self._steps.pop(segment, 0)
        if not n:
            self.fresh.append(segment)
        if n + sign:
            self._steps[segment] = n + sign

    def _add(self, segment: str, t: int, steps: Cell, changed: Changed) -> None:
        for resolution in range(0 if _has_fine(segment) else FINE + 1, len(RESOLUTIONS)):
            bucket = bucket_of(resolution, t, self._zone)
            cells = self.cells[resolution].setdefault(bucket, {})
            old = cells.pop(segment, EMPTY)
            new = merge(old, steps)
            if new.hist:
                cells[segment] = new
            elif not cells:
                del self.cells[resolution][bucket]
            changed(resolution, bucket, segment, old, new)
