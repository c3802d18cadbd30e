"""All sources of a reader together: what they hold, how fresh it is, what was revised."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final, NamedTuple

from streams.core.agents.ahead import Changed
from streams.core.agents.labels import sum_up
from streams.core.agents.tail import Tail
from streams.core.agents.times import add_levels, has_steps
from streams.core.buckets import DAY, RESOLUTIONS, Zone
from streams.core.changes import Visible, nothing
from streams.core.held import Held
from streams.core.live import Live, together
from streams.core.reading import Freshness
from streams.core.seen import Seen
from streams.core.tally import EMPTY, Cell, own
from streams.core.windows import Span

AGENTS: Final = "agents"
"""The topic in whose sources nothing is booked but agents' time."""
NO_LEVELS: Final[Mapping[int, int]] = {}


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
        self._zone = zone
        self.edge_ms = 0
        """Up to here agents are booked somewhere; `now` is never before it."""
        self._staffed: set[str] = set()
        """Segments in which a source has booked agents' time."""
        self._now_ms = 0
        self._sources = {name: Held(name.rsplit("-", 1)[0], zone) for name in sources}
        self._levels: dict[str, Mapping[int, int]] = {}
        self._agents: dict[str, Mapping[str, int]] = {}
        self.seen = Seen(held.topic for held in self._sources.values())
        self._origins: dict[frozenset[str], Origin] = {}

    # -- what comes in

    def load(self, source: str, everything: Visible, changed: Changed) -> None:
        """Replaces all that is known of a source."""
        held = self._sources[source]
        gone = tuple(
            [key for key in held.keys(resolution) if key not in cells]
            for resolution, cells in enumerate(everything.cells)
        )
        self._forget_agents(held, changed)
        self._take(held, everything, gone, changed)
        held.forget_live()
        held.revised.clear()
        self._take_rest(held, everything)

    def apply(self, source: str, change: Visible, changed: Changed) -> bool:
        """Takes in what one commit changed; returns what `step` does."""
        held = self._sources[source]
        found = self._take(held, change, change.gone, changed)
        self._take_rest(held, change)
        return found

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
            for held in self._sources.values():
                held.forget(resolution, first)

    def step(self, now_ms: int, changed: Changed) -> bool:
        """Moves `now`: what is planned and what runs out happens without an event.

        Returns:
            Whether a source was heard of in a segment for the first time.
        """
        self._now_ms = now_ms
        return self._step(now_ms, self._leveling(changed))

    def _step(self, now_ms: int, changed: Changed) -> bool:
        found = False
        for held in self._sources.values():
            held.ahead.step(now_ms, changed)
            for segment in held.ahead.fresh:
                found |= self.seen.learn(segment, held.topic)
            held.ahead.fresh.clear()
        return found

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

    def revised(
        self, resolution: int, start_ms: int, end_ms: int, segment: str, measures: Collection[str]
    ) -> bool:
        """Returns whether one of these measures was changed late in a window."""
        return any(
            held.revised.any(resolution, start_ms, end_ms, segment, measures)
            for held in self.origin(segment).sources
        )

    def live(self, segment: str, now_ms: int) -> Live:
        """Returns how a segment's contacts and agents count now."""
        sources = self.origin(segment).sources
        found = together(held.live(segment, now_ms // 1000) for held in sources)
        agents = self._agents.get(segment)
        if agents is None:
            agents = self._agents[segment] = sum_up(self.levels(segment))
        return found._replace(agents=agents) if agents else found

    def levels(self, segment: str) -> Mapping[int, int]:
        """Returns how many agents of a segment hold each label now; the same object until then."""
        levels = self._levels.get(segment)
        if levels is None:
            sources = self.origin(segment).sources
            levels = self._levels[segment] = add_levels(
                part
                for held in sources
                for part in (held.levels.get(segment, NO_LEVELS), held.ahead.levels(segment))
            )
        return levels

    def staffed(self, segment: str) -> bool:
        """Whether agents were ever heard of in a segment: else their time is no data, not 0."""
        if segment in self._staffed:
            return True
        return any(held.ahead.knows(segment) for held in self._sources.values())

    def agents(self) -> Iterator[tuple[str, Tail]]:
        """Yields the agents of all sources."""
        for held in self._sources.values():
            for agent, tail in held.ahead.tails.items():
                yield agent, tail.tail

    # -- inside

    def _leveling(self, changed: Changed) -> Changed:
        """Returns a hearer of changes that also forgets what was made of levels."""

        def hear(resolution: int, bucket: int, segment: str, old: Cell, new: Cell) -> None:
            self._levels.pop(segment, None)
            self._agents.pop(segment, None)
            changed(resolution, bucket, segment, old, new)

        return hear

    def _take(
        self,
        held: Held,
        change: Visible,
        gone: Sequence[Iterable[tuple[int, str]]],
        changed: Changed,
    ) -> bool:
        """Takes in cells, and the agents' half of a change; returns what `step` does."""
        changed = self._leveling(changed)
        held.ahead.update(change.edge_ms, change.tails, changed)
        for resolution, cells in enumerate(change.cells):
            emptied = ((key, EMPTY) for key in gone[resolution])
            for (bucket, segment), cell in chain(cells.items(), emptied):
                if bucket < self.first[resolution]:
                    continue
                new = own(cell) if cell.hist else cell  # a ledger's is its own
                old = held.put(resolution, bucket, segment, new)
                if old != new:
                    changed(resolution, bucket, segment, old, new)
        for segment, levels in change.levels.items():
            held.levels[segment] = levels
            self._levels.pop(segment, None)
            self._agents.pop(segment, None)
        if held.topic == AGENTS:
            self._staffed.update(change.segments)
        self._staffed.update(change.levels)
        self._staffed.update(
            s for (_, s), cell in change.cells[DAY].items() if has_steps(cell.hist)
        )
        self.edge_ms = max(self.edge_ms, change.edge_ms)
        return self._step(max(self._now_ms, self.edge_ms), changed)

    def _take_rest(self, held: Held, change: Visible) -> None:
        for segment, contacts in change.live.items():
            held.put_live(segment, contacts)
        held.revised.put(change.revised)
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
        """Forgets a source's cells, contacts and agents, as if it had never been loaded."""
        held.loaded = False
        self._move_top(held, 0)
        self._forget_agents(held, changed)
        keys = tuple(list(held.keys(resolution)) for resolution in range(len(RESOLUTIONS)))
        self._take(held, nothing(0), keys, changed)
        held.forget_live()
        held.revised.clear()

    def _forget_agents(self, held: Held, changed: Changed) -> None:
        held.ahead.clear(changed)
        held.levels.clear()
        self._levels.clear()
        self._agents.clear()


def freshness(sources: Sequence[Held]) -> Freshness:
    """Returns how fresh sources are together: as of the stalest, rebuilding if any of them is."""
    times = [held.as_of_ms for held in sources]
    known = [t for t in times if t is not None]
    stalest = min(known) if known and len(known) == len(times) else None
    return Freshness(stalest, any(held.rebuilding for held in sources))
