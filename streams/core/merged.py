"""All sources of a reader together: what they hold, how fresh it is, what was revised."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from streams.core.buckets import RESOLUTIONS, Zone
from streams.core.changes import Visible
from streams.core.held import Held
from streams.core.live import Live, together
from streams.core.reading import Freshness
from streams.core.revised import GRACE_MS, Revised
from streams.core.seen import Seen
from streams.core.tally import EMPTY, Cell
from streams.core.windows import Span, bucket_of

Changed = Callable[[int, int, str, Cell, Cell], None]
"""Hears of a cell that changed: resolution, bucket, segment, what it was, what it is."""


class Origin(NamedTuple):
    """The sources of a segment, together."""

    sources: tuple[Held, ...]
    fresh: Freshness
    loaded: bool
    """Whether any of them is."""


class Merged:
    """The sources of a reader.

    Args:
        zone: Whose days they are.
        sources: Every source that there is, loaded or not: `calls-0` is of the topic `calls`.
    """

    def __init__(self, zone: Zone, sources: Sequence[str]) -> None:
        self.top_ms = 0
        """The greatest time over the sources."""
        self.first = [0 for _ in RESOLUTIONS]
        """By resolution: the first bucket that is held."""
        self.revised = Revised()
        self._zone = zone
        self._sources = {name: Held(name.rsplit("-", 1)[0]) for name in sources}
        self.seen = Seen(held.topic for held in self._sources.values())
        self._origins: dict[frozenset[str], Origin] = {}

    # -- what comes in

    def load(self, source: str, everything: Visible, changed: Changed) -> None:
        """Replaces all that is known of a source."""
        held = self._sources[source]
        if everything.top_ms < held.top_ms:  # built anew: what differs is no revision
            self._empty(held, changed)
        for resolution, cells in enumerate(everything.cells):
            gone = [key for key in held.keys(resolution) if key not in cells]
            self._take(held, resolution, cells, gone, changed)
        held.forget_live()
        self._take_rest(held, everything)

    def apply(self, source: str, change: Visible, changed: Changed) -> None:
        """Takes in what one commit changed."""
        held = self._sources[source]
        for resolution, cells in enumerate(change.cells):
            self._take(held, resolution, cells, change.gone[resolution], changed)
        self._take_rest(held, change)

    def drop(self, source: str, changed: Changed) -> None:
        """Forgets a source that has no state."""
        self._empty(self._sources[source], changed)
        self._origins.clear()
        self.mark(source, None, rebuilding=True)

    def mark(self, source: str, as_of_ms: int | None, *, rebuilding: bool) -> None:
        """Says how far a source has been read, and whether it is still being built."""
        held = self._sources[source]
        if (held.as_of_ms, held.rebuilding) != (as_of_ms, rebuilding):
            held.as_of_ms, held.rebuilding = as_of_ms, rebuilding
            self._origins.clear()

    def forget(self, resolution: int, first: int) -> None:
        """Lets go of the buckets before one."""
        if first > self.first[resolution]:
            self.first[resolution] = first
            self.revised.forget(resolution, first)
            for held in self._sources.values():
                held.forget(resolution, first)

    # -- what goes out

    def origin(self, segment: str) -> Origin:
        """Returns the sources of the topics that ever spoke of a segment."""
        topics = self.seen.topics(segment)
        origin = self._origins.get(topics)
        if origin is None:
            sources = tuple(held for held in self._sources.values() if held.topic in topics)
            loaded = any(held.loaded for held in sources)
            origin = self._origins[topics] = Origin(sources, freshness(sources), loaded)
        return origin

    def cells(self, span: Span, segment: str) -> Iterator[Cell]:
        """Yields a segment's cells of a span."""
        for held in self.origin(segment).sources:
            yield from held.within(span, segment)

    def live(self, segment: str, now_ms: int) -> Live:
        """Returns how a segment's contacts count now."""
        sources = self.origin(segment).sources
        return together(held.live(segment, now_ms // 1000) for held in sources)

    # -- inside

    def _take(
        self,
        held: Held,
        resolution: int,
        cells: Mapping[tuple[int, str], Cell],
        gone: Iterable[tuple[int, str]],
        changed: Changed,
    ) -> None:
        """Takes in cells of one resolution; a change in a bucket that had ended is a revision."""
        settled = bucket_of(resolution, held.top_ms - GRACE_MS, self._zone)
        for (bucket, segment), cell in chain(cells.items(), ((key, EMPTY) for key in gone)):
            if bucket < self.first[resolution]:
                continue
            new = Cell(cell.sums, dict(cell.hist)) if cell.hist else cell  # a ledger's is its own
            old = held.put(resolution, bucket, segment, new)
            if old != new:
                changed(resolution, bucket, segment, old, new)
                if bucket < settled:
                    self.revised.add(resolution, bucket, segment)

    def _take_rest(self, held: Held, change: Visible) -> None:
        for segment, contacts in change.live.items():
            held.put_live(segment, contacts)
        for segment in change.segments:
            self.seen.learn(segment, held.topic)
        if not held.loaded:
            held.loaded = True
            self._origins.clear()
        self._move_top(held, change.top_ms)

    def _move_top(self, held: Held, top_ms: int) -> None:
        held.top_ms = top_ms
        self.top_ms = max(each.top_ms for each in self._sources.values())

    def _empty(self, held: Held, changed: Changed) -> None:
        """Forgets a source's cells and contacts, as if it had never been loaded."""
        held.loaded = False
        self._move_top(held, 0)
        for resolution in range(len(RESOLUTIONS)):
            self._take(held, resolution, {}, list(held.keys(resolution)), changed)
        held.forget_live()


def freshness(sources: Sequence[Held]) -> Freshness:
    """Returns how fresh sources are together: as of the stalest, rebuilding if any of them is."""
    times = [held.as_of_ms for held in sources]
    known = [t for t in times if t is not None]
    stalest = min(known) if known and len(known) == len(times) else None
    return Freshness(stalest, any(held.rebuilding for held in sources))
