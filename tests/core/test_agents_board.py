"""The board says at any `now` of agents' time what the slow walk says, and marks what was revised.

Two sources commit; the board steps ahead of them along the tails, over boundaries of plans and
limits, and back; sources are loaded again, dropped, restarted. After any of that all windows of all
segments are compared.
"""

import datetime as dt
import json
import random
import zlib
from collections.abc import Iterable, Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.board import Board
from streams.core.buckets import (
    DAY_MS,
    FINE,
    HOUR_MS,
    QUARTER,
    QUARTER_MS,
    Retention,
    Zone,
    bucket_start_ms,
)
from streams.core.changes import Visible
from streams.core.errors import NotHeld
from streams.core.kpis import KPIS
from streams.core.ledger import Ledger
from streams.core.policy import Formula, ReadingPolicy
from streams.core.reading import formula_of, measured
from streams.core.shapes import AgentsNow
from streams.core.windows import parse
from tests.core.agents_fold import Slow, Store, chunks, policy
from tests.core.agents_reference import STATES, Cells, Moment, millis
from tests.core.agents_worlds import World, worlds
from tests.core.test_agents_reference import at, plan, state
from tests.core.test_board_against_cells import slow_buckets

EXAMPLES = max(8, settings().max_examples // 8)
SOURCES = ("agents-0", "agents-1")
TIMED = [kpi for kpi in KPIS.values() if kpi.of_agents and kpi.kind != "live"]
NOW = [kpi for kpi in KPIS.values() if kpi.of_agents and kpi.kind == "live"]
WINDOWS = ("10s", "5m", "30m", "75m", "interval", "2h", "24h", "today", "2d")
AHEAD = (0, 0, 1, 9_999, 60_000, HOUR_MS, 9 * HOUR_MS, 30 * HOUR_MS)
FAR = (*AHEAD, 70 * HOUR_MS, 7 * DAY_MS, 9 * DAY_MS)
FORMULAS = (Formula(), Formula(out_of_shift="exception", offline_in_break="nonadherent"))


class Floor:
    """Two sources, a board that hears of them, and beside it what it was told."""

    def __init__(self, w: World, r: random.Random) -> None:
        self.w, self.r, self.zone = w, r, Zone(w.zone)
        self.fold = policy(w, Retention())
        self.formula = r.choice(FORMULAS)
        self.board = Board(self.zone, ReadingPolicy(self.formula), SOURCES, Retention())
        self.ledgers = {source: Ledger(self.fold, "voice") for source in SOURCES}
        self.stores = {source: Store() for source in SOURCES}
        self.waiting: list[tuple[str, Visible, list[bytes]]] = []
        """Commits of which the board has not heard."""
        self.taken: dict[str, list[bytes]] = {source: [] for source in SOURCES}
        """What is in no commit yet."""
        self.known: list[bytes] = []
        self.latest = 0
        """The latest `now`: what is forgotten then does not come back with the clock."""

    def take(self, raws: list[bytes], appended: list[int]) -> None:
        """Gives records to the sources of their agents."""
        for source, n in zip(SOURCES, (0, 1), strict=True):
            own = [i for i, raw in enumerate(raws) if source_of(raw) == n]
            if own:
                self.ledgers[source].apply_all([raws[i] for i in own], [appended[i] for i in own])
                self.taken[source] += [raws[i] for i in own]

    def commit(self, source: str) -> None:
        """A source commits."""
        change = self.stores[source].commit(self.ledgers[source].take_changes())
        self.waiting.append((source, change, self.taken[source]))
        self.taken[source] = []

    def restart(self, source: str) -> None:
        """A worker is killed: what it had not committed it reads again."""
        self.ledgers[source] = self.stores[source].ledger(self.fold)
        lost, self.taken[source] = self.taken[source], []
        if lost:
            self.take(lost, [max(self.w.times) + 1] * len(lost))

    def go_on(self) -> None:
        """Commits, restarts, loads; the board hears of it, or not yet."""
        for source in SOURCES:
            if self.r.random() < 0.6:
                self.commit(source)
            if self.r.random() < 0.1:
                self.restart(source)
            if self.r.random() < 0.1:
                self.load(source)
        if self.r.random() < 0.7:
            self.hear()

    def hear(self) -> None:
        """The board hears of all commits."""
        for source, change, raws in self.waiting:
            self.board.apply(source, change)
            self.known += raws
        self.waiting.clear()

    def load(self, source: str) -> None:
        """The board reads a source whole, perhaps after it had lost it."""
        self.hear()
        if self.r.random() < 0.5:
            self.board.drop(source)
        self.board.load(source, self.stores[source].snapshot())

    def step(self, ahead: Sequence[int] = AHEAD) -> int:
        """Moves `now`."""
        edge = max(store.visible.edge_ms for store in self.stores.values())
        now = max(edge, min(self.w.times)) + self.r.choice(ahead)
        self.latest = max(self.latest, now)
        self.board.step(now)
        return now

    def holds(self, segment: str, resolution: int, bucket: int) -> bool:
        """Whether the board promises a window that begins with a bucket."""
        top = max(store.visible.top_ms for store in self.stores.values())
        start = bucket_start_ms(resolution, bucket, self.zone)
        if start < top - (Retention().of(resolution, segment) or 0):
            return False
        latest = max(self.latest, self.board._merged.edge_ms)
        if resolution == QUARTER:
            return bucket >= (latest - 25 * HOUR_MS) // QUARTER_MS
        return resolution == FINE or bucket > self.zone.day_of(latest) - 2


def source_of(raw: bytes) -> int:
    """Returns the partition of an agent."""
    return zlib.crc32(json.loads(raw)["subject"].encode()) & 1


@settings(max_examples=EXAMPLES)
@given(worlds(), st.integers(0, 1 << 32))
def test_readings_equal_the_slow_walk_at_any_now(w: World, seed: int) -> None:
    """All KPIs of agents' time in all windows, and who is there."""
    r = random.Random(seed)
    floor = Floor(w, r)
    looks = set(r.sample(range(12), 3))
    for i, (raws, appended) in enumerate(chunks(w, r)):
        floor.take(raws, appended)
        floor.go_on()
        now = floor.step()
        if i in looks and not floor.waiting and floor.known:
            compare(floor, Slow(floor.known, w), now)
    for source in SOURCES:
        floor.commit(source)
    floor.step()
    floor.hear()
    walk = Slow(w.arrivals, w)
    for ahead in (AHEAD, FAR):
        compare(floor, walk, floor.step(ahead))
    floor.load(r.choice(SOURCES))
    compare(floor, walk, floor.step(FAR))


def compare(floor: Floor, walk: Slow, now: int) -> None:
    """Compares everything that can be read."""
    cells, live = walk.cells(now, fine_from=now - 2 * HOUR_MS), walk.live(now)
    date = floor.zone.local(now).date()
    segments = {segment for _, _, segment in cells} | {"site"}
    for segment in sorted(segments):
        for kpi in NOW:
            what = kpi.formulas[kpi.choose(floor.formula)]
            assert isinstance(what, AgentsNow)
            found = floor.board.read(segment, kpi.id, "live").value or 0
            assert found == live.get(segment, {}).get(what.what, 0), (segment, kpi.id)
        for window in (*WINDOWS, f"day:{date}", f"day:{date - dt.timedelta(days=1)}"):
            if not (segment.startswith("agent:") and window[-1] in "ms"):
                read(floor, segment, window, now, cells)
    people(floor, walk, now)
    filled(floor, walk, now)


def filled(floor: Floor, walk: Slow, now: int) -> None:
    """Asserts that the states of each agent fill the windows of one bucket.

    Offline is booked nowhere: how long it was tells the walk.
    """
    cells, board = walk.cells(now, fine_from=now, offline=True), floor.board
    for window in ("interval", "today"):
        place = board._windows.place(parse(window))
        resolution, bucket, _ = place.span
        for agent in walk.agents:
            segment = f"agent:{agent}"
            sums = cells.get((resolution, bucket, segment), {})
            if place.start_ms < walk.begin or not floor.holds(segment, resolution, bucket):
                continue
            if board.read(segment, "staffed_time", window).value is not None:
                times = board._windows.running(place, segment)._measures
                states = sum(times.get(f"time_{state}", 0) for state in STATES)
                assert states + sums.get("offline", 0) == now - place.start_ms, (segment, window)


def read(floor: Floor, segment: str, window: str, now: int, cells: Cells) -> None:
    """Compares one window of one segment."""
    resolution, buckets = slow_buckets(window, now, floor.zone)
    sums = add_up(cells.get((resolution, bucket, segment), {}) for bucket in buckets)
    if not floor.holds(segment, resolution, buckets[0]):
        with pytest.raises(NotHeld):
            floor.board.read(segment, "staffed_time", window)
        return
    for kpi in TIMED:
        reading = floor.board.read(segment, kpi.id, window)
        expected = measured(kpi, formula_of(kpi, floor.formula, ends_now=True), sums, {})
        found = reading.value, reading.n, reading.part, reading.whole
        if reading.value is None and segment not in {heard for _, _, heard in cells}:
            continue  # nobody was ever heard of in `site`
        assert found == tuple(expected), (segment, kpi.id, window)


def add_up(cells: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Returns the measures of a window."""
    sums: dict[str, int] = {}
    for cell in cells:
        for measure, ms in cell.items():
            sums[f"time_{measure}"] = sums.get(f"time_{measure}", 0) + ms
    return sums


def people(floor: Floor, walk: Slow, now: int) -> None:
    """Compares the agents one by one."""
    out = "out_strict" if floor.formula.offline_in_break == "nonadherent" else "out"
    found = {a.agent: a for a in floor.board.agents()}
    for agent in walk.agents:
        moment = walk.at(agent, now)
        if agent not in found:
            assert moment.measures == {"offline": 1}
            continue
        shown = found[agent]
        assert shown.state == moment.state
        assert (shown.activity is None) == (moment.activity is None)
        own = [s for s in moment.segments if s.startswith("team:")]
        if moment.measures != {"offline": 1}:  # then he counts nowhere
            assert own == [f"team:{name}" for name in (shown.team,) if name]
        assert shown in floor.board.agents(team=shown.team)
        assert shown.out_since_ms == since(walk, agent, now, out)
        if moment.state == "unknown":
            assert shown.since_ms == since(walk, agent, now, "unknown")


def since(walk: Slow, agent: str, now: int, measure: str) -> int | None:
    """Returns since when an agent has counted as something."""
    runs: list[tuple[int, int, Moment]] = [run for run in walk.runs[agent] if run[0] <= now]
    found = None
    while runs and measure in runs[-1][2].measures:
        found = runs.pop()[0]
    return found


# -- what is marked as revised


def told(events: list[bytes], *, fold: Ledger) -> Visible:
    """Returns a commit of events."""
    assert not fold.apply_all(events, [millis(json.loads(e)["time"]) for e in events])
    return fold.take_changes().visible


def small_board() -> tuple[Ledger, Board]:
    """Returns a source and a board."""
    w = World("UTC", 5_000, 0, [], [], [])
    return Ledger(policy(w, Retention()), "voice"), Board(
        Zone("UTC"), ReadingPolicy(), ["agents-0"], Retention()
    )


def revised(board: Board, *windows: str, segment: str = "site") -> list[str]:
    """Returns the windows whose adherence is marked."""
    return [w for w in windows if board.read(segment, "adherence", w).revised]


ALL = ("5m", "75m", "interval", "2h", "24h", "today")


def test_a_quiet_source_whose_edge_jumps_revises_nothing() -> None:
    """Readers have stepped along the plan; the source says the same, hours later."""
    fold, board = small_board()
    shift = plan(("08:00", "12:00", True), ("12:00", "13:00", False), ("13:00", "17:00", True))
    board.apply("agents-0", told([shift, state("08:10", "available")], fold=fold))
    for clock in ("08:30", "12:30", "16:00", "20:00", "25:00", "30:00"):
        board.step(millis(at(clock)))
        assert not revised(board, *ALL)
    assert not revised(board, "day:2026-11-02", "2d")
    change = told([state("29:00", "available", team="T")], fold=fold)
    board.apply("agents-0", change)
    assert not revised(board, *ALL, "day:2026-11-02")
    board.load("agents-0", fold.everything())
    assert not revised(board, *ALL, "day:2026-11-02")


def test_a_late_state_revises_what_had_ended() -> None:
    """Every window that holds it, today, too; of the KPIs that it changed, and of his segments."""
    fold, board = small_board()
    shift = plan(("08:00", "12:00", True))
    board.apply("agents-0", told([shift, state("08:10", "available")], fold=fold))
    board.apply("agents-0", told([state("12:00", "offline")], fold=fold))
    board.step(millis(at("12:01")))
    assert not revised(board, *ALL)
    board.apply("agents-0", told([state("08:05", "available")], fold=fold))
    assert revised(board, *ALL) == ["24h", "today"]
    assert board.read("site", "adherence", "today").value == pytest.approx(235 / 240)
    assert board.read("site", "out_late", "today").revised
    for kpi in ("out_early_leave", "out_long_break", "scheduled_time", "service_level"):
        assert not board.read("site", kpi, "today").revised

    board.apply("agents-0", told([state("24:30", "offline")], fold=fold))
    board.step(millis(at("24:30")))
    assert not revised(board, "today", "3h")
    days = ["day:2026-11-02", "2d"]
    assert revised(board, *days) == days
    assert not revised(board, *days, segment="team:T")
    again = Board(Zone("UTC"), ReadingPolicy(), ["agents-0"], Retention())
    again.step(millis(at("24:30")))
    again.load("agents-0", fold.everything())
    assert revised(again, *ALL, *days) == revised(board, *ALL, *days)


def test_a_revised_plan_of_this_morning_changes_this_morning() -> None:
    """And says so; saying the same again does not."""
    fold, board = small_board()
    board.apply(
        "agents-0",
        told([plan(("08:00", "12:00", True)), state("08:30", "available")], fold=fold),
    )
    board.apply("agents-0", told([state("11:30", "available", reason="x")], fold=fold))
    board.step(millis(at("11:30")))
    assert board.read("site", "adherence", "24h").value == pytest.approx(180 / 210)
    again = plan(("08:00", "12:00", True), revision=2)
    board.apply("agents-0", told([again], fold=fold))
    assert not revised(board, *ALL)
    moved = plan(("08:30", "12:00", True), revision=3)
    board.apply("agents-0", told([moved], fold=fold))
    assert revised(board, *ALL, "4h", "3h") == ["24h", "today", "4h"]
    assert board.read("site", "adherence", "24h").value == 1.0
    assert board.read("site", "adherence", "today").value == 1.0
    assert not board.read("site", "occupancy", "today").revised


def test_whoever_comes_back_in_order_revises_nothing() -> None:
    """How he was out of adherence is open until the block of his plan is over."""
    fold, board = small_board()
    events = [state("08:00", "available"), state("10:00", "paused")]
    board.apply("agents-0", told([plan(("08:00", "16:00", True)), *events], fold=fold))
    board.apply("agents-0", told([state("12:00", "paused", reason="x")], fold=fold))
    board.step(millis(at("12:00")))
    assert board.read("site", "out_early_leave", "today").value == 2 * 3600
    board.apply("agents-0", told([state("12:10", "available")], fold=fold))
    board.step(millis(at("12:10")))

    assert board.read("site", "out_early_leave", "today").value == 0
    assert board.read("site", "out_wrong_activity", "today").value == 130 * 60
    for kpi in TIMED:
        assert not any(board.read("site", kpi.id, window).revised for window in ALL), kpi.id


def test_a_state_that_changes_nothing_revises_nothing() -> None:
    """A heartbeat that comes late."""
    fold, board = small_board()
    board.apply("agents-0", told([state("08:00", "available")], fold=fold))
    board.apply("agents-0", told([state("12:00", "paused")], fold=fold))
    board.step(millis(at("12:00")))
    board.apply("agents-0", told([state("09:00", "available")], fold=fold))

    assert not revised(board, *ALL)


def test_whose_an_agent_is_follows_his_plan_in_silence() -> None:
    """The source has not moved since nine; at eleven his team is that of the segments."""
    fold, board = small_board()
    early, late = (
        plan(("08:00", "10:00", True), team="A"),
        plan(("10:00", "14:00", True), date="2026-11-03", team="B"),
    )
    board.apply("agents-0", told([early, late, state("09:00", "offline")], fold=fold))
    for clock, own, other in (("09:30", "A", "B"), ("11:00", "B", "A")):
        board.step(millis(at(clock)))
        assert [a.team for a in board.agents()] == [own]
        assert [a.agent for a in board.agents(team=own)] == ["a"]
        assert board.agents(team=other) == []
        assert board.read(f"team:{own}", "agents_missing", "live").value == 1
        assert not board.read(f"team:{other}", "agents_missing", "live").value


def test_an_edge_that_passes_now_steps_the_agents_of_all_sources() -> None:
    """One source speaks of 13:00 while the clock of the reader says 12:00."""
    w = World("UTC", 5_000, 0, [], [], [])
    one, other = (Ledger(policy(w, Retention()), "voice") for _ in range(2))
    board = Board(Zone("UTC"), ReadingPolicy(), ["agents-0", "agents-1"], Retention())
    board.apply("agents-0", told([state("11:00", "available", heartbeat_s=2700)], fold=one))
    board.step(millis(at("12:00")))
    board.apply("agents-1", told([state("13:00", "offline")], fold=other))

    assert board.read("site", "agents_unknown", "live").value == 1
    assert board.read("site", "available_time", "today").value == 90 * 60
    board.step(millis(at("12:00")))
    assert board.read("site", "available_time", "today").value == 90 * 60


def test_what_reaches_back_too_far_is_not_held() -> None:
    """Agents' time as any other."""
    fold, board = small_board()
    board.apply("agents-0", told([state("11:00", "available")], fold=fold))
    board.step(millis(at("11:00")))

    with pytest.raises(NotHeld):
        board.read("site", "staffed_time", "day:2026-10-30")


def test_dates_that_are_out_of_date_do_not_pile_up() -> None:
    """Every state replaces the tail before it: what it was to step to is let go."""
    fold, board = small_board()
    for i in range(0, 1600, 40):
        events = [
            state("08:00", "available", reason=str(i))
            .replace(b"08:00:00", f"{8 + k // 3600:02}:{k // 60 % 60:02}:{k % 60:02}".encode())
            .replace(b"s08:00", f"s{k}".encode())
            for k in range(i, i + 40)
        ]
        for event in events:
            board.apply("agents-0", told([event], fold=fold))
    (held,) = board._merged._sources.values()
    assert len(held.ahead._coming) < 1100
    assert len(fold.agents._due) < 1100
