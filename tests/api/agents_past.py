"""Agents in a store, and one ledger that saw all of them: what the API says, and what is true."""

import json
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import msgspec

from api import history, readings
from api.stored import Stored
from streams.core.agents.times import take_levels
from streams.core.board import Board
from streams.core.buckets import EVERYTHING, FINE, QUARTER, Zone, bucket_start_ms, iso
from streams.core.changes import Visible
from streams.core.history import By, Presence, parse_by, rows
from streams.core.ledger import Ledger
from streams.core.numbers import Value
from streams.core.reading import Reading
from streams.core.windows import parse
from streams.settings import Settings, load_settings
from tests.api.rig import FakeStore
from tests.core.agents_worlds import World

SOURCES = ("agents-0", "agents-1")
KPIS = ("staffed_time", "adherence", "conformance", "occupancy", "out_late", "slots_used")
SEGMENTS = (
    "site", "team:north", "team:équipe", "queue:sales", "pause:lunch", "agent:a0", "agent:a1",
)  # fmt: skip
LATER_MS = 1 << 50
"""Append time of what is no time of its own: later than everything."""


@cache
def settings_of(zone: str) -> Settings:
    """Returns settings with all that agents may be booked in."""
    loaded = load_settings({}, None)
    segments = (("site",), ("queue",), ("team",), ("agent",), ("pause",))
    fold = msgspec.structs.replace(loaded.fold, timezone=zone, segments=segments)
    return msgspec.structs.replace(loaded, fold=fold)


def source_of(event: bytes) -> str:
    """Returns in which source an event lies: each agent is in one."""
    return SOURCES[int(json.loads(event)["subject"][1:]) % len(SOURCES)]


class Truth:
    """One ledger that saw everything, at an instant."""

    def __init__(self, settings: Settings, events: Sequence[bytes], now_ms: int) -> None:
        fold = msgspec.structs.replace(settings.fold, retention=EVERYTHING)
        self.zone, self.policy, self.now_ms = Zone(fold.timezone), settings.reading, now_ms
        ledger = Ledger(fold, "voice")
        ledger.apply_all(list(events), LATER_MS)
        ledger.advance(now_ms)
        ledger.take_changes()
        self.all = ledger.everything()
        self.segments = {s for cells in self.all.cells for _, s in cells} | self.all.levels.keys()
        self.board = Board(self.zone, self.policy, ["agents-0"], EVERYTHING)
        self.board.load("agents-0", self.all)
        self.board.step(now_ms)

    def rows(self, by: By, segments: Iterable[str], from_ms: int, to_ms: int) -> list[list[Value]]:
        """Returns the rows of buckets that begin in [from, to)."""
        wanted = set(segments)
        cells = {k: c for k, c in self.all.cells[by.resolution].items() if k[1] in wanted}
        starts = [by.start_ms(bucket, self.zone) for bucket, _ in cells]
        start_ms = min([*starts, self.now_ms])
        levels = {s: held for s, held in self.all.levels.items() if s in wanted}
        presence = Presence(start_ms, self.now_ms, levels)
        table = rows(cells, by, KPIS, self.zone, self.policy, ("n",), presence)
        buckets = by.buckets(from_ms, to_ms, self.zone)
        labels = {by.label(by.start_ms(bucket, self.zone), self.zone) for bucket in buckets}
        return [row for row in table.rows if row[0] in labels]

    def reading(self, segment: str, kpi: str, window: str, at_ms: int) -> Reading:
        """Returns a reading of buckets that had closed then, from the finest cells that exist."""
        span = parse(window).span(at_ms, self.zone)
        end_ms = span.end_ms(self.zone)
        levels = self.all.levels.get(segment, {})
        finest = QUARTER if segment.startswith("agent") else FINE
        for (bucket, of), cell in self.all.cells[finest].items():
            if of == segment and bucket_start_ms(finest, bucket, self.zone) >= end_ms:
                levels = take_levels(levels, cell.hist)
        held = self.all.cells[span.resolution].items()
        cells = [c for (b, s), c in held if s == segment and span.first <= b <= span.last]
        return self.board.read_stored(segment, kpi, window, at_ms, cells, levels)


class Api:
    """Two sources in a store that say what they have folded, and what answers from it."""

    def __init__(self, settings: Settings) -> None:
        fold, zone = settings.fold, Zone(settings.fold.timezone)
        self.zone = zone
        self.store = FakeStore()
        self.board = Board(zone, settings.reading, SOURCES, fold.retention)
        self.stored = Stored(
            self.store, SOURCES, fold.retention, zone, self.board, fold.agent_horizon_ms
        )
        self.history = history.History(self.board, self.stored, zone, settings.reading)
        self.readings = readings.Readings(self.board, self.stored, zone)
        self._ledgers = {source: Ledger(fold, "voice") for source in SOURCES}

    def fold(self, events: Iterable[bytes], appended_ms: int = LATER_MS) -> dict[str, Visible]:
        """Folds events and commits them; returns what the board is to be told."""
        told = {}
        events = list(events)
        for source, ledger in self._ledgers.items():
            mine = [event for event in events if source_of(event) == source]
            if mine:
                ledger.apply_all(mine, appended_ms)
                told[source] = ledger.take_changes().visible
                self.store.take(source, told[source])
        return told

    def tell(self, told: dict[str, Visible]) -> None:
        """Tells the board of commits."""
        for source, change in told.items():
            self.board.apply(source, change)

    @property
    def edge_ms(self) -> int:
        """How far the furthest source is."""
        return max((held.edge_ms for held in self.store.held.values()), default=0)

    async def rows(
        self, by: str, segments: Iterable[str], from_ms: int, to_ms: int
    ) -> tuple[list[list[Any]], str | None]:
        """Returns the rows of history, and from when on they are held."""
        query = history.parse(
            f"by={by}&segment={','.join(segments)}&kpi={','.join(KPIS)}&with=n"
            f"&from={iso(from_ms)}&to={iso(to_ms)}",
            "", self.zone,
        )  # fmt: skip
        answer = await self.history.answer(query)
        return json.loads(answer.body)["rows"], answer.held_from

    async def read(self, segments: Iterable[str], window: str, at_ms: int | None) -> list[Reading]:
        """Returns readings."""
        at = "" if at_ms is None else f"&at={iso(at_ms)}"
        asked = f"segment={','.join(segments)}&kpi={','.join(KPIS)}&window={window}{at}"
        return await self.readings.answer(readings.parse(asked, self.zone))


def halves(world: World) -> tuple[list[bytes], list[bytes]]:
    """Returns what arrives earlier and later."""
    middle = len(world.arrivals) // 2
    return world.arrivals[:middle], world.arrivals[middle:]


def by_of(name: str) -> By:
    """Returns how history is cut."""
    return parse_by(name)
