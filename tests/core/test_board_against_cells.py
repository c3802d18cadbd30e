"""The board's incremental readings equal a slow and obvious recomputation from the raw cells.

A machine plays a reader's life: commits of several sources in any order, cells that shrink and
vanish, sources that are dropped and loaded again, `now` that creeps, jumps and goes back, across
midnight and both clock changes. After every step any window may be read, and must be right.
"""

import datetime as dt
from typing import Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from streams.core.board import Board
from streams.core.buckets import (
    DAY,
    DAY_MS,
    EVERYTHING,
    FINE,
    FINE_MS,
    HOUR_MS,
    QUARTER,
    QUARTER_MS,
    Retention,
    Zone,
    bucket_start_ms,
)
from streams.core.changes import LiveKey, Visible, nothing
from streams.core.errors import NotHeld
from streams.core.kpis import KPIS
from streams.core.live import count
from streams.core.policy import Formula, ReadingPolicy
from streams.core.reading import formula_of, measured, measured_now
from streams.core.shapes import NO_DATA, Measured
from streams.core.tally import EMPTY, Cell, lanes, merge
from tests.core.cells import consistent

SOURCES: Final = ("calls-0", "calls-1", "chats-0")
SEGMENTS: Final = ("site", "queue:a", "queue:b", "agent:x")
MINUTES: Final = ("10s", "1m", "5m", "15m", "30m", "60m", "75m")
POLICY: Final = ReadingPolicy(
    default=Formula("SL-C", "short_excluded", count_flow_outs=True),
    queues={"a": Formula("SL-now"), "b": Formula("SL-A")},
)
SHORT: Final = Retention(quarter_ms=30 * HOUR_MS, quarter_detail_ms=4 * HOUR_MS)
"""Short enough for windows that reach back too far."""
WINDOWED: Final = {id_: kpi for id_, kpi in KPIS.items() if kpi.kind != "live"}
ZONES: Final = {name: Zone(name) for name in ("Europe/Paris", "America/Havana", "Asia/Kathmandu")}
MOMENTS: Final = (
    ("Europe/Paris", "2026-03-29T00:50:00Z"),  # 01:50, ten minutes before 02:00 is skipped
    ("Europe/Paris", "2026-10-25T00:50:00Z"),  # ten minutes before 02:00 comes again
    ("Europe/Paris", "2026-11-24T22:55:00Z"),  # five minutes before midnight
    ("America/Havana", "2026-03-08T04:50:00Z"),  # ten minutes before midnight, which is skipped
    ("America/Havana", "2026-11-01T04:50:00Z"),  # ten minutes before midnight comes again
    ("Asia/Kathmandu", "2026-11-24T18:10:00Z"),  # midnight is at a quarter past
)
STEPS: Final = (1, 4_000, FINE_MS, 60_000, 7 * 60_000, QUARTER_MS, HOUR_MS, 5 * HOUR_MS, DAY_MS)
NEAR: Final = (0, 0, 0, FINE_MS, -FINE_MS, 60_000, QUARTER_MS)
BACK: Final = tuple(FINE_MS * i for i in range(8 * 60))
WATCHED: Final = 4
"""Windows that are compared after every step."""


def slow_buckets(window: str, now_ms: int, zone: Zone) -> tuple[int, list[int]]:
    """Returns a window's resolution and buckets, by the sentences of `docs/counting.md`."""
    if window == "interval":
        return QUARTER, [now_ms // QUARTER_MS]
    if window.startswith("day:"):
        return DAY, [dt.date.fromisoformat(window[4:]).toordinal()]
    if window == "today":
        return DAY, [zone.local(now_ms).date().toordinal()]
    length = int(window[:-1])
    if window.endswith("d"):
        today = zone.local(now_ms).date().toordinal()
        return DAY, [today - i for i in reversed(range(length))]
    if window.endswith("h"):
        running = now_ms // QUARTER_MS
        return QUARTER, [running - i for i in range(length * 4, -1, -1)]
    span_ms = length * (60_000 if window[-1] == "m" else 1_000)
    floor = now_ms // FINE_MS * FINE_MS
    starts = range(floor - 80 * 60_000, floor + 1, FINE_MS)
    return FINE, [s // FINE_MS for s in starts if floor - span_ms < s <= floor]


class Life(RuleBasedStateMachine):
    """A reader and, beside it, everything that it was ever told."""

    @initialize(moment=st.sampled_from(MOMENTS), retention=st.sampled_from([SHORT, EVERYTHING]))
    def begin(self, moment: tuple[str, str], retention: Retention) -> None:
        """Begins shortly before something happens to the clocks."""
        self.zone = ZONES[moment[0]]
        self.now = self.latest = int(dt.datetime.fromisoformat(moment[1]).timestamp() * 1000)
        self.retention = retention
        self.board = Board(self.zone, POLICY, SOURCES, retention)
        self.board.step(self.now)
        self.cells: dict[str, dict[tuple[int, int, str], Cell]] = {s: {} for s in SOURCES}
        self.live: dict[str, dict[str, dict[LiveKey, int]]] = {s: {} for s in SOURCES}
        self.top = dict.fromkeys(SOURCES, 0)
        self.loaded: set[str] = set()
        self.told: dict[str, set[str]] = {s: set() for s in SOURCES}
        """Segments whose names a source has given."""
        self.topics: dict[str, set[str]] = {}
        self.marks: dict[str, tuple[int | None, bool]] = dict.fromkeys(SOURCES, (None, True))
        self.watched: list[tuple[str, str]] = []

    # -- what happens to a reader

    def draw_cells(self, data: st.DataObject) -> Visible:
        """Returns cells around `now`, some of them empty again."""
        out = nothing(self.now - data.draw(st.integers(-60_000, 60_000)))
        for _ in range(data.draw(st.integers(1, 4))):
            ms = self.now - data.draw(st.sampled_from(data.draw(st.sampled_from((NEAR, BACK)))))
            segment = data.draw(st.sampled_from(SEGMENTS))
            sums = data.draw(st.one_of(st.just(EMPTY), consistent(most=3)))
            buckets = (ms // FINE_MS, ms // QUARTER_MS, self.zone.local(ms).date().toordinal())
            for resolution, bucket in enumerate(buckets):
                key = bucket, segment
                if sums != EMPTY:
                    out.cells[resolution][key] = sums
                else:
                    out.gone[resolution].append(key)
            out.segments.append(segment)
        for cells, gone in zip(out.cells, out.gone, strict=True):
            gone[:] = [key for key in gone if key not in cells]
        return out

    def note(self, source: str, change: Visible) -> None:
        """Remembers what the board was told."""
        for resolution in (FINE, QUARTER, DAY):
            for bucket, segment in change.gone[resolution]:
                self.cells[source].pop((resolution, bucket, segment), None)
            for (bucket, segment), sums in change.cells[resolution].items():
                self.cells[source][resolution, bucket, segment] = sums
        self.live[source].update(change.live)
        for segment in change.segments:
            self.topics.setdefault(segment, set()).add(source[:-2])
        self.told[source].update(change.segments)
        self.top[source] = change.top_ms
        self.loaded.add(source)

    @rule(data=st.data(), source=st.sampled_from(SOURCES))
    def commit(self, data: st.DataObject, source: str) -> None:
        """A source says what changed."""
        change = self.draw_cells(data)
        change.top_ms = max(change.top_ms, self.top[source])
        change.segments = [s for s in change.segments if s not in self.told[source]]
        now_s = self.now // 1000
        second = st.integers(now_s - 120, now_s + 120)
        keys = st.builds(LiveKey, st.sampled_from([0, 1]), second, second, second)
        known = sorted(self.told[source] | set(change.segments))
        for segment in data.draw(st.sets(st.sampled_from(known))):
            change.live[segment] = data.draw(st.dictionaries(keys, st.integers(1, 3), max_size=3))
        self.note(source, change)
        self.board.apply(source, change)

    @rule(data=st.data(), source=st.sampled_from(SOURCES))
    def load(self, data: st.DataObject, source: str) -> None:
        """A source is read whole."""
        everything = self.draw_cells(data)
        for gone in everything.gone:
            gone.clear()
        self.cells[source], self.live[source] = {}, {}
        self.note(source, everything)
        self.board.load(source, everything)

    @rule(source=st.sampled_from(SOURCES))
    def drop(self, source: str) -> None:
        """A source has no state any more."""
        self.cells[source], self.live[source], self.top[source] = {}, {}, 0
        self.told[source] = set()
        self.marks[source] = (None, True)
        self.loaded.discard(source)
        self.board.drop(source)

    @rule(
        source=st.sampled_from(SOURCES),
        as_of=st.one_of(st.none(), st.integers(0, 5)),
        rebuilding=st.booleans(),
    )
    def mark(self, source: str, as_of: int | None, rebuilding: bool) -> None:
        """A beat."""
        self.marks[source] = (as_of, rebuilding)
        self.board.mark(source, as_of, rebuilding)

    @rule(by=st.sampled_from(STEPS))
    def step(self, by: int) -> None:
        """Time passes."""
        self.now += by
        self.latest = max(self.latest, self.now)
        self.board.step(self.now)

    @rule(by=st.sampled_from(STEPS[:-2]))
    def step_back(self, by: int) -> None:
        """The server's clock is set back."""
        self.now -= by
        self.board.step(self.now)

    # -- what the reader must say

    def held(self, resolution: int, segment: str, buckets: list[int]) -> bool:
        """Whether `docs/counting.md` promises these buckets."""
        start = bucket_start_ms(resolution, buckets[0], self.zone)
        keep = self.retention.of(resolution, segment)
        if keep is not None and start < max(self.top.values()) - keep:
            return False
        if self.retention == EVERYTHING or resolution == FINE:
            return True
        if resolution == QUARTER:
            return buckets[0] >= (self.latest - 25 * HOUR_MS) // QUARTER_MS
        return buckets[0] >= self.zone.local(self.latest).date().toordinal() - 1

    def origin(self, segment: str) -> list[str]:
        """Returns the sources that a segment is as fresh as."""
        topics = self.topics.get(segment)
        if segment == "site" or topics is None:
            return list(SOURCES)
        return [s for s in SOURCES if s[:-2] in topics]

    def waiting(self, segment: str) -> dict[LiveKey, int]:
        """Returns a segment's contacts, of all sources."""
        out: dict[LiveKey, int] = {}
        for source in SOURCES:
            for key, n in self.live[source].get(segment, {}).items():
                out[key] = out.get(key, 0) + n
        return out

    def add_up(self, segment: str, resolution: int, buckets: list[int]) -> Cell:
        """Adds up the cells of a window, one by one."""
        total = EMPTY
        for source in SOURCES:
            for bucket in buckets:
                total = merge(total, self.cells[source].get((resolution, bucket, segment), EMPTY))
        return total

    @rule(
        segment=st.sampled_from(SEGMENTS),
        window=st.sampled_from(["interval", "2h", "5h", "24h", "today", "2d", "3d"]),
    )
    def read(self, segment: str, window: str) -> None:
        """Somebody reads a window of any segment, and goes on reading it."""
        self.watch(segment, window)

    @rule(segment=st.sampled_from(SEGMENTS[:-1]), window=st.sampled_from(MINUTES))
    def read_minutes(self, segment: str, window: str) -> None:
        """Somebody reads a sliding window, and goes on reading it."""
        self.watch(segment, window)

    @rule(segment=st.sampled_from(SEGMENTS), back=st.integers(0, 3))
    def read_date(self, segment: str, back: int) -> None:
        """Somebody reads a date."""
        date = self.zone.local(self.now).date() - dt.timedelta(days=back)
        self.watch(segment, f"day:{date}")

    def watch(self, segment: str, window: str) -> None:
        """Makes a window one of those that are compared after every step."""
        self.watched = [*self.watched[1 - WATCHED :], (segment, window)]

    def compare(self, segment: str, window: str) -> None:
        """Every KPI of a window, incrementally and slowly."""
        resolution, buckets = slow_buckets(window, self.now, self.zone)
        held = self.held(resolution, segment, buckets)
        known = segment in self.topics and bool(self.loaded.intersection(self.origin(segment)))
        total = self.add_up(segment, resolution, buckets)
        measures, settings_of = lanes(total.sums), POLICY.formula(segment)
        ends_now = resolution != DAY or buckets[-1] == self.zone.local(self.now).date().toordinal()
        beyond = count(self.waiting(segment), self.now // 1000).live.beyond
        if bucket_start_ms(resolution, buckets[0], self.zone) > self.now:
            known = False  # the clock was set back to before the day that is asked for
        for kpi, entry in WINDOWED.items():
            try:
                reading = self.board.read(segment, kpi, window)
            except NotHeld:
                assert not held
                continue
            assert held
            formula = formula_of(entry, settings_of, ends_now=ends_now)
            waits = beyond if "now" in formula else 0
            said = known and not entry.of_agents  # there are none
            expected = measured(entry, formula, measures, total.hist, waits) if said else NO_DATA
            found = Measured(reading.value, reading.n or 0, reading.part, reading.whole)
            assert found == expected, (segment, kpi, window)
            assert found.value is None or entry.kind != "share" or 0 <= found.value <= 1

    @invariant()
    def every_watched_window_is_right(self) -> None:
        """After every step, whatever it was."""
        for segment, window in getattr(self, "watched", ()):
            self.compare(segment, window)

    @invariant()
    def what_is_true_now_is_counted_at_now(self) -> None:
        """Live KPIs, freshness and the mark of a rebuild, at any time."""
        for segment in SEGMENTS if hasattr(self, "board") else ():
            sources = self.origin(segment)
            known = segment in self.topics and self.loaded.intersection(sources)
            live = count(self.waiting(segment), self.now // 1000).live
            times = [as_of for as_of, _ in (self.marks[s] for s in sources)]
            for kpi in ("waiting", "wait_longest", "in_progress", "orphaned"):
                reading = self.board.read(segment, kpi, "live")
                expected = measured_now(KPIS[kpi], "live", live, self.now)
                assert reading.value == (expected.value if known else None)
                assert reading.as_of_ms == (None if None in times else min(t or 0 for t in times))
                assert reading.rebuilding == any(self.marks[s][1] for s in sources)


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=max(25, settings().max_examples // 4),  # a life is as long as many examples
    stateful_step_count=30,
    suppress_health_check=list(HealthCheck),
)
