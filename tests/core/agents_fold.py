"""What the tests of agents' time share: folds, a store, and cells by measure, read without `times`.

Time is read forwards here, from the first step on, as `docs/counting.md` tells it: in a bucket
[a, e) a label holds N(a)·(e − a) + n·e − m, where N(a) is how many held it at `a`. The core reads
backwards, from who is there now.
"""

import random
from collections.abc import Iterable, Mapping
from typing import Any

import msgpack
import msgspec

from streams import codec
from streams.core.agents.labels import STEP, sum_up
from streams.core.agents.tail import Tail
from streams.core.buckets import (
    DAY,
    EVERYTHING,
    FINE,
    QUARTER,
    RESOLUTIONS,
    Retention,
    Zone,
    bucket_start_ms,
)
from streams.core.changes import Changes, Visible, nothing
from streams.core.ledger import Ledger
from streams.core.policy import FoldPolicy
from streams.core.tally import Cell
from streams.core.windows import bucket_of
from tests.core.agents_reference import STATES, Cells, Fact, Run, Walk
from tests.core.agents_worlds import World

SEGMENTS = (("queue",), ("team",), ("site",), ("agent",), ("pause",))
RATES = (("team", "équipe"), ("team", "north"), ("site", "lyon"), ("", ""))
NO_END = 1 << 60
HORIZON = 8 * 86_400_000
Levels = Mapping[str, Mapping[int, int]]


def policy(w: World, retention: Retention = EVERYTHING, **settings: Any) -> FoldPolicy:
    """Returns the settings of a world."""
    found = FoldPolicy(
        timezone=w.zone,
        segments=SEGMENTS,
        tolerance_ms=w.tolerance,
        rate_classes=RATES,
        retention=retention,
    )
    return msgspec.structs.replace(found, **settings)


def rate_of(team: str | None, site: str | None) -> int:
    """Returns the class of cost in `RATES`."""
    return {"équipe": 0, "north": 1}.get(team or "", 2 if site == "lyon" else 3)


class Slow(Walk):
    """The reference with what was settled since.

    Offline does not expire; who has not been heard of for the horizon has gone: what he said last
    says nothing any more.
    """

    def __init__(self, events: list[bytes], w: World, **settings: Any) -> None:
        wanted = {"tolerance_ms": w.tolerance, "step_ms": w.step, "rate_of": rate_of, **settings}
        super().__init__(events, w.zone, offline_expires=False, **wanted)

    def _states(self, agent: str, size: int) -> tuple[list[Fact | None], list[str]]:
        facts, states = super()._states(agent, size)
        for i, fact in enumerate(self.facts[agent]):
            following = self.facts[agent][i + 1 :]
            end = self._index(following[0].ms) if following else size
            gone = min(self._index(fact.ms + HORIZON), end)
            states[gone:end] = ["offline"] * (end - gone)
            facts[gone:end] = [None] * (end - gone)
        return facts, states

    def _changes(self, times: list[int]) -> set[int]:
        gone = {fact.ms + HORIZON for facts in self.facts.values() for fact in facts}
        return super()._changes(times) | gone

    def _runs(self, agent: str) -> list[Run]:
        runs = super()._runs(agent)
        last = max((fact.ms + HORIZON for fact in self.facts[agent]), default=0)
        if last > self.end:  # beyond everything that the walk came to
            start, _, moment = runs[-1]
            away = self._moment(agent, "offline", None, frozenset(), None, None, None)
            runs[-1:] = [(start, last, moment), (last, last + self.step, away)]
        return runs


def chunks(w: World, r: random.Random) -> Iterable[tuple[list[bytes], list[int]]]:
    """Yields the records of a world in chunks of random size, and when each was appended.

    Sources' clocks may be five minutes ahead of the broker's, and records may lie for an hour
    before they are appended.
    """
    i, appended = 0, 0
    while i < len(w.arrivals):
        n = r.choice([1, 1, 2, 5, 50])
        times = []
        for ms in w.times[i : i + n]:
            appended = max(appended, ms + r.choice([0, 0, -300_000, 1, 3_600_000]))
            times.append(appended)
        yield w.arrivals[i : i + n], times
        i += n


def cells_of(visible: Visible, levels: Levels, zone: Zone, now: int, fine_from: int) -> Cells:
    """Returns (resolution, bucket, segment) → measure → ms, up to `now`; zeros left out."""
    out: Cells = {}
    by_segment: dict[tuple[int, str], dict[int, Cell]] = {}
    for resolution in (FINE, QUARTER, DAY):
        for (bucket, segment), cell in visible.cells[resolution].items():
            by_segment.setdefault((resolution, segment), {})[bucket] = cell
    for (resolution, segment), cells in by_segment.items():
        first = bucket_of(FINE, fine_from + 9_999, zone) if resolution == FINE else 0
        held = _forwards(out, (resolution, segment), cells, (first, now), zone)
        assert held == dict(levels.get(segment, {})), (resolution, segment)
    return out


def _forwards(
    out: Cells,
    of: tuple[int, str],
    cells: Mapping[int, Cell],
    bounds: tuple[int, int],
    zone: Zone,
) -> dict[int, int]:
    """Adds a segment's times; returns who is there at the end."""
    resolution, segment = of
    first, now = bounds
    held: dict[int, int] = {}
    last = bucket_of(resolution, now, zone)
    with_steps = sorted(cells)
    assert not with_steps or with_steps[-1] <= last, "a step that has not happened yet"
    for bucket, following in zip(with_steps, [*with_steps[1:], last + 1], strict=True):
        n_and_m = _steps(cells[bucket])
        for b in range(bucket, following) if held or n_and_m else ():
            start = bucket_start_ms(resolution, b, zone)
            end = min(bucket_start_ms(resolution, b + 1, zone), now)
            if b >= first and end > start:
                times = _times(held, n_and_m, start, end)
                if times:
                    out[resolution, b, segment] = times
            for label, (n, _) in n_and_m.items():
                held[label] = held.get(label, 0) + n
            held = {label: n for label, n in held.items() if n}
            n_and_m = {}
            if not held:
                break
    return held


def _steps(cell: Cell) -> dict[int, tuple[int, int]]:
    labels = {(key - STEP) >> 1 for key in cell.hist if key >= STEP}
    get = cell.hist.get
    return {x: (get(STEP + 2 * x, 0), get(STEP + 2 * x + 1, 0)) for x in labels}


def _times(
    held: Mapping[int, int], steps: Mapping[int, tuple[int, int]], start: int, end: int
) -> dict[str, int]:
    found: dict[int, int] = {label: n * (end - start) for label, n in held.items()}
    for label, (n, m) in steps.items():
        found[label] = found.get(label, 0) + n * end - m
    return sum_up(found)


def live_of(levels: Levels) -> dict[str, dict[str, int]]:
    """Returns who is there now, as the reference says it."""
    return {segment: found for segment, held in levels.items() if (found := sum_up(held))}


def unlike(found: Cells, wanted: Cells) -> dict[Any, Any]:
    """Returns the cells that differ: (found, wanted)."""
    keys = found.keys() | wanted.keys()
    return {k: (found.get(k), wanted.get(k)) for k in keys if found.get(k) != wanted.get(k)}


def check(ledger: Ledger, walk: Walk, now: int, fine_from: int) -> None:
    """Moves a ledger to `now` and compares it with the reference."""
    ledger.advance(now)
    ledger.take_changes()
    everything = ledger.everything()
    zone = Zone(ledger.policy.timezone)
    found = cells_of(everything, everything.levels, zone, now, fine_from)
    wanted = walk.cells(now, fine_from=fine_from)
    assert not unlike(found, wanted)
    assert_filled(found, walk, now, zone)
    assert live_of(everything.levels) == walk.live(now)


def assert_filled(cells: Cells, walk: Walk, now: int, zone: Zone) -> None:
    """Asserts that for each agent and bucket the states read add up to the bucket's length.

    Offline is in no cell: how long it was tells the reference.
    """
    for (resolution, bucket, segment), sums in walk.cells(now, offline=True).items():
        start = bucket_start_ms(resolution, bucket, zone)
        if segment.startswith("agent:") and start >= walk.begin:
            read = cells.get((resolution, bucket, segment), {})
            states = sum(read.get(state, 0) for state in STATES) + sums.get("offline", 0)
            end = bucket_start_ms(resolution, bucket + 1, zone)
            assert states == min(now, end) - start, (resolution, bucket, segment)


class Store:
    """What Redis would hold of one source, through the bytes in which it travels."""

    def __init__(self) -> None:
        self.visible = nothing(0)
        self.facts: dict[str, bytes] = {}
        self.commits: list[Visible] = []
        """As readers get them."""

    def commit(self, changes: Changes) -> Visible:
        """Takes a commit in; returns what readers hear of it."""
        change = codec.unpack_visible(codec.pack_visible(changes.visible))
        of = self.visible
        for held, new, gone in zip(of.cells, change.cells, change.gone, strict=True):
            held.update(new)
            for key in gone:
                held.pop(key, None)
        of.live = {s: n for s, n in {**of.live, **change.live}.items() if n}
        of.levels = {s: n for s, n in {**of.levels, **change.levels}.items() if n}
        of.tails = {a: t for a, t in {**of.tails, **change.tails}.items() if t is not None}
        of.revised = {b: m for b, m in {**of.revised, **change.revised}.items() if m}
        of.segments += change.segments
        of.top_ms, of.edge_ms = change.top_ms, max(of.edge_ms, change.edge_ms)
        self._take_facts(codec.pack_facts(changes.facts))
        return change

    def _take_facts(self, packed: bytes) -> None:
        names, tails, replaced, gone = msgpack.unpackb(packed, raw=True)
        for name, tail in zip(names, tails, strict=True):
            self.facts[name.decode()] = self.facts.get(name.decode(), b"") + tail
        for name, whole in zip(replaced[::2], replaced[1::2], strict=True):
            self.facts[name.decode()] = whole
        for name in gone:
            self.facts.pop(name.decode(), None)

    def snapshot(self) -> Visible:
        """Returns all that readers see, through its bytes."""
        found = codec.unpack_visible(codec.pack_visible(self.visible))
        assert found.cells == self.visible.cells
        return found

    def ledger(self, settings: FoldPolicy, *roster: Any) -> Ledger:
        """Returns a ledger as after a restart."""
        again = Ledger(settings, "voice", *roster)
        facts = [(key, codec.split_facts(data)) for key, data in self.facts.items()]
        again.load(self.snapshot(), facts)
        return again


def ahead(tail: Tail | None, edge: int, until: int) -> list[Any]:
    """Returns what a tail says from the edge on: what readers step along."""
    if tail is None:
        return []
    found: list[Any] = []
    for piece in tail.pieces:
        if piece.t >= until:
            break
        said = (sorted(tail.groups[piece.group]), piece.label, piece.weighted, piece.activity)
        if piece.t <= edge:
            found = [(edge, *said)]
        else:
            found.append((piece.t, *said))
    return found if found[1:] or any(weights for *_, weights, _ in found) else []


def by_resolution(visible: Visible) -> list[dict[Any, Any]]:
    """Returns cells that can be compared."""
    return [
        {key: (cell.sums, dict(cell.hist)) for key, cell in visible.cells[i].items()}
        for i, _ in enumerate(RESOLUTIONS)
    ]
