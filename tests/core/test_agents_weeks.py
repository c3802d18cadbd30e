"""Weeks of agents: the same numbers whenever commits, restarts and readers come, and as a report.

People are silent for weeks, are planned weeks ahead, and are heard of again; things come days late,
and are corrected. What is forgotten in between, and when, must not show.
"""

import json
import random
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from streams.core import windows
from streams.core.board import Board
from streams.core.buckets import DAY_MS, EVERYTHING, HOUR_MS, Retention, Zone
from streams.core.changes import Visible
from streams.core.errors import NotHeld
from streams.core.kpis import KPIS
from streams.core.ledger import Ledger
from streams.core.policy import FoldPolicy, ReadingPolicy
from streams.report import _seen
from tests.core.agents_fold import Store, by_resolution, policy
from tests.core.agents_reference import millis
from tests.core.agents_worlds import World, iso
from tests.core.test_agents_board import SOURCES, source_of
from tests.core.test_agents_keeping import FIRST, MINUTE, ZONE, day_ms, event, state

EXAMPLES = max(4, settings().max_examples // 8)
SEEDS = st.integers(0, 1 << 32)
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""A smaller seed is no simpler world."""
DAYS = 26
HORIZON_MS = 8 * DAY_MS
WINDOWS = ("30m", "interval", "24h", "today", "2d")
SEGMENTS = ("site", "team:*", "queue:*", "pause:*", "agent:*")
KINDS = [kpi for kpi in KPIS.values() if kpi.of_agents]
KPI = [kpi for kpi in KINDS if kpi.id.startswith(("agents_", "out_", "sched", "staffed", "adher"))]


@dataclass(frozen=True)
class Record:
    """What is said, and when it arrives."""

    ms: int
    arrives_ms: int
    raw: bytes


class Weeks:
    """Three people, and what is said of them; nothing of it is late when it arrives."""

    def __init__(self, seed: int) -> None:
        self.r = random.Random(seed)
        self.records: list[Record] = []
        around = self.r.random() < 0.2
        for name in "abc":
            self._person(name, around=around)
        self.records.sort(key=lambda record: record.arrives_ms)
        self.records = list(self._accepted())
        end = max((x.ms for x in self.records), default=day_ms(0))
        self.nows = [end + ahead for ahead in (0, HOUR_MS, 9 * DAY_MS, 20 * DAY_MS)]

    def _person(self, name: str, *, around: bool) -> None:
        works = [self.r.random() < 0.8 for _ in range(DAYS)]
        away = self.r.randrange(DAYS)
        works[away : away + self.r.choice([0, 5, 11, 14])] = [False] * 20
        del works[DAYS:]
        for day in range(DAYS + 12):
            begin = day_ms(day, "00:00" if around else self.r.choice(["07:00", "20:00"]))
            if self.r.random() < 0.7:
                self._plans(name, day, begin, 24 if around else 8)
            if day < DAYS and works[day]:
                self._states(name, day, begin)

    def _plans(self, name: str, day: int, begin: int, hours: int) -> None:
        said = begin - self.r.choice([1, 1, 8, 20]) * DAY_MS
        for revision in range(self.r.choice([1, 1, 1, 2])):
            shift = self.r.choice([0, 0, 30, 240]) * MINUTE if hours < 24 else 0
            at = [begin + shift + n * HOUR_MS for n in (0, hours // 2, hours // 2 + 1, hours)]
            spans = [(a, b, i != 1) for i, (a, b) in enumerate(pairwise(at))]
            spans = [] if self.r.random() < 0.1 else spans
            more: dict[str, Any] = {"team": self.r.choice(["north", "south", None])}
            ms = min(said, day_ms(DAYS)) // MINUTE * MINUTE
            self._say(ms, planned(name, day, revision, ms, spans, more), 2)
            said = begin + self.r.choice([-2, 1, 6, 9]) * DAY_MS + HOUR_MS

    def _states(self, name: str, day: int, begin: int) -> None:
        ms = begin + self.r.randrange(-30, 60) * MINUTE
        for i in range(self.r.randrange(1, 5)):
            self._state(name, ms, f"{name}{day}.{i}")
            ms += self.r.randrange(5, 240) * MINUTE
        if self.r.random() < 0.8:
            self._say(ms, state(name, ms, "offline", f"{name}{day}.x", team=None), 1)

    def _state(self, name: str, ms: int, id: str) -> None:
        doing = self.r.choice(["available", "paused", "on_contact", "offline"])
        more = {
            "team": self.r.choice([None, None, "west"]),
            "queues": self.r.choice([[], ["sales"]]),
            "reason": "lunch",
        }
        self._say(ms, state(name, ms, doing, id, **more), 7)
        if self.r.random() < 0.1:  # corrected, two of three times as the same fact
            moved = ms + self.r.choice([-90, 0, 45 * 60, 75 * 60]) * MINUTE
            self._say(moved, state(name, moved, "wrap_up", id, **more), 7)

    def _say(self, ms: int, raw: bytes, most_days: int) -> None:
        late = self.r.randrange(most_days * 24) * HOUR_MS if self.r.random() < 0.2 else 0
        self.records.append(Record(ms, ms + late, raw))

    def _accepted(self) -> Any:
        top = dict.fromkeys((0, 1), 0)
        for record in self.records:
            source = source_of(record.raw)
            oldest = top[source] - HORIZON_MS
            said = json.loads(record.raw)
            if said["type"] == "agent.state":
                top[source] = max(top[source], record.ms)
            elif oldest - 2 * DAY_MS > day_ms(0, "00:00") + said["data"]["day"] * DAY_MS - DAY_MS:
                continue
            if record.ms >= oldest:
                yield record


def planned(
    name: str, day: int, revision: int, ms: int, spans: list[tuple[int, int, bool]], more: Any
) -> bytes:
    """Returns a plan."""
    activities = [
        {"start": iso(a), "end": iso(b), "activity": "work", "productive": p} for a, b, p in spans
    ]
    date = str(FIRST + (FIRST.resolution * day))
    data = {"revision": revision, "date": date, "activities": activities, "day": day, **more}
    return event("agent.schedule", name, ms, f"{name}{day}-{revision}", data)


def fold_policy(**more: Any) -> FoldPolicy:
    """Returns the settings."""
    return policy(World(ZONE, MINUTE, 5 * MINUTE, [], [], []), rate_classes=(), **more)


def at_once(records: list[Record], **settings: Any) -> Ledger:
    """Returns what a report folds: all in order of time, as one source."""
    ledger = Ledger(fold_policy(**settings), "voice")
    said = sorted(records, key=lambda record: (record.ms, record.raw))
    assert not ledger.apply_all([record.raw for record in said], day_ms(99))
    return ledger


class Sources:
    """Two workers, and a reader that follows them."""

    def __init__(self, weeks: Weeks, retention: Retention) -> None:
        self.r, self.policy = weeks.r, fold_policy(retention=retention)
        self.ledgers = {source: Ledger(self.policy, "voice") for source in SOURCES}
        self.stores = {source: Store() for source in SOURCES}
        self.follower = self.board()
        self.late = 0
        often = self.r.choice([0.01, 0.2, 0.9])
        for record in weeks.records:
            source = SOURCES[source_of(record.raw)]
            assert not self.ledgers[source].apply_all([record.raw], [record.arrives_ms])
            if self.r.random() < often:
                self.commit(source)
        for source in SOURCES:
            self.commit(source)
        self.late += sum(ledger.counts["late"] for ledger in self.ledgers.values())

    def board(self) -> Board:
        """Returns a reader that knows nothing."""
        return Board(Zone(ZONE), ReadingPolicy(), SOURCES, self.policy.retention)

    def commit(self, source: str) -> None:
        """A source commits; sometimes its worker is started again, or a reader looks."""
        self.follower.apply(source, self.stores[source].commit(self.ledgers[source].take_changes()))
        if self.r.random() < 0.1:
            self.late += self.ledgers[source].counts["late"]
            self.ledgers[source] = self.stores[source].ledger(self.policy)
        if self.r.random() < 0.1:
            edge = max(store.visible.edge_ms for store in self.stores.values())
            self.follower.step(edge + self.r.choice([0, HOUR_MS]))

    def newcomer(self, now: int) -> Board:
        """Returns a reader that starts now: it loads what a board holds."""
        board, zone = self.board(), Zone(ZONE)
        today = zone.day_of(now)
        for source, store in self.stores.items():
            found = store.snapshot()
            fine, quarter, day = found.cells
            first = windows.bucket_of(1, now, zone) - 100
            found.cells = (
                fine,
                {key: cell for key, cell in quarter.items() if key[0] >= first},
                {key: cell for key, cell in day.items() if key[0] >= today - 1},
            )
            board.load(source, found)
        return board


def reported(ledger: Ledger, now: int) -> Board:
    """Returns the board of a report."""
    ledger.advance(now)
    ledger.take_changes()
    everything = ledger.everything()
    everything.segments = _seen(everything)
    board = Board(Zone(ZONE), ReadingPolicy(), ["calls-0"], EVERYTHING)
    board.load("calls-0", everything)
    board.step(now)
    return board


@settings(max_examples=EXAMPLES, phases=PHASES)
@given(SEEDS)
def test_what_is_forgotten_and_when_does_not_show(seed: int) -> None:
    """Cells and levels of any commits and restarts are those of a report, sorted or not."""
    weeks = Weeks(seed)
    sources = Sources(weeks, EVERYTHING)
    now = weeks.nows[1]
    for lateness in (True, False):
        report = at_once(weeks.records, lateness=lateness)
        report.advance(now)
        report.take_changes()
        parts: list[Visible] = []
        for source in SOURCES:
            ledger = sources.ledgers[source]
            ledger.advance(now)
            sources.stores[source].commit(ledger.take_changes())
            parts.append(sources.stores[source].visible)
        assert by_resolution(report.everything()) == added(parts)
        assert report.counts["late"] == sources.late


def added(parts: list[Visible]) -> Any:
    """Returns the cells of sources together."""
    whole = msgspec.structs.replace(parts[0], cells=({}, {}, {}))
    for part in parts:
        for to, cells in zip(whole.cells, part.cells, strict=True):
            for key, cell in cells.items():
                hist = dict(to[key].hist) if key in to else {}
                for label, n in cell.hist.items():
                    hist[label] = hist.get(label, 0) + n
                to[key] = cell._replace(hist={label: n for label, n in hist.items() if n})
    return by_resolution(whole)


@settings(max_examples=EXAMPLES, phases=PHASES)
@given(SEEDS)
def test_followers_and_newcomers_say_what_a_report_says(seed: int) -> None:
    """Weeks after the last word, too; no data is told from 0."""
    weeks = Weeks(seed)
    sources = Sources(weeks, Retention())
    for now in weeks.nows:
        follower, newcomer = sources.follower, sources.newcomer(now)
        report = reported(at_once(weeks.records), now)
        for board in (follower, newcomer):
            board.step(now)
        compare(report, follower, newcomer, weeks.r)


def compare(report: Board, follower: Board, newcomer: Board, r: random.Random) -> None:
    """Compares readings; where all was taken back by a correction, a source goes on saying 0."""
    segments = {s for pattern in SEGMENTS for s in follower.segments(pattern)}
    told = {s for pattern in SEGMENTS for s in report.segments(pattern)}
    assert told <= segments
    for segment in sorted(segments):
        for kpi in r.sample(KPI, 3):
            for window in ("live",) if kpi.kind == "live" else WINDOWS:
                if segment.startswith("agent:") and window == "30m":
                    continue
                found = follower.read(segment, kpi.id, window)
                assert newcomer.read(segment, kpi.id, window).value == found.value
                wanted = report.read(segment, kpi.id, window)
                if segment in told:
                    assert (found.value, found.n) == (wanted.value, wanted.n), (segment, kpi.id)
                else:
                    assert found.value in (None, 0), (segment, kpi.id)


def test_windows_of_long_ago_are_not_held() -> None:
    """So they are not among those compared."""
    sources = Sources(Weeks(1), Retention())
    sources.follower.step(Weeks(1).nows[0])
    with pytest.raises(NotHeld):
        sources.follower.read("site", "staffed_time", "7d")


def shift_of(day: int, said_ms: int) -> bytes:
    """Returns a plan of a day, said at some time."""
    span = (day_ms(day, "09:00"), day_ms(day, "17:00"), True)
    return planned("a", day, 1, said_ms, [span], {})


def scheduled_ms(ledger: Ledger) -> int:
    """Returns how long anybody was to work, up to now."""
    board = reported(ledger, day_ms(11))
    value = board.read("site", "scheduled_time", "30d").value
    return round(1000 * (value or 0))


@pytest.mark.parametrize(
    ("day", "said", "arrives", "late"),
    [
        (1, 10, 10, True),
        (3, 10, 10, False),
        (1, 7, 10, False),
    ],
    ids=[
        "of nine days before it was said",
        "of a week before",
        "of six days before, arrives later",
    ],
)
@pytest.mark.parametrize("quiet", [True, False])
def test_plans_are_late_by_their_time_in_kafka_and_report(
    day: int, said: int, arrives: int, late: bool, quiet: bool
) -> None:
    """Whether or not anything else was heard of since: the source's time has no say."""
    works = [
        state("a", day_ms(d, clock), name)
        for d in ((0, 7) if quiet else (0, 7, 10))
        for clock, name in (("01:00", "available"), ("02:00", "offline"))
    ]
    plan = shift_of(day, day_ms(said, "03:00"))
    kafka = Ledger(fold_policy(), "voice")
    for raw in works:
        assert not kafka.apply_all([raw], day_ms(11))
        kafka.take_changes()
    assert not kafka.apply_all([plan], day_ms(arrives, "03:00"))
    kafka.take_changes()
    report = at_once([Record(millis(json.loads(raw)["time"]), 0, raw) for raw in (*works, plan)])

    for ledger in (kafka, report):
        assert ledger.counts["late"] == late
        assert scheduled_ms(ledger) == (0 if late else 8 * HOUR_MS)


def test_a_plan_that_was_said_too_long_ago_is_late() -> None:
    """In Kafka: a report reads it when it was said."""
    plan, later = shift_of(1, day_ms(1)), state("a", day_ms(9, "00:01"), "offline")
    kafka = Ledger(fold_policy(), "voice")
    kafka.apply_all([later, plan], day_ms(10))
    report = at_once([Record(day_ms(1), 0, plan), Record(day_ms(9, "00:01"), 0, later)])

    assert (kafka.counts["late"], report.counts["late"]) == (1, 0)
    assert (scheduled_ms(kafka), scheduled_ms(report)) == (0, 8 * HOUR_MS)


def test_a_reader_gets_to_plans_of_far_ahead_of_who_is_silent() -> None:
    """Forty days, after a restart, and back; what is near is told with them."""
    ledger, store = Ledger(fold_policy(), "voice"), Store()
    said = [shift_of(day, day_ms(0)) for day in range(1, 41)]
    ledger.apply_all([*said, state("a", day_ms(1, "09:00"), "available")], day_ms(1, "09:00"))
    store.commit(ledger.take_changes())
    ledger = store.ledger(fold_policy())
    ledger.apply_all([state("a", day_ms(1, "10:00"), "paused")], day_ms(1, "10:00"))
    store.commit(ledger.take_changes())
    board = Board(Zone(ZONE), ReadingPolicy(), ["agents-0"], Retention())
    board.load("agents-0", store.snapshot())
    for day in (40, 2, 12, 39, 41):
        board.step(day_ms(day, "12:00"))
        missing = 0 if day in (2, 41) else 1  # on the second day nobody knows yet where he is
        assert board.read("site", "agents_missing", "live").value == missing, day
    (agent,) = board.agents()
    assert (agent.state, agent.activity) == ("offline", None)


def test_the_end_of_a_tail_is_made_once() -> None:
    """As long as nothing is planned anew; and it is no more once all of it is over."""
    ledger = Ledger(fold_policy(), "voice")
    ledger.apply_all([shift_of(day, day_ms(0)) for day in range(1, 41)], day_ms(0))
    ends: list[bytes] = []
    for day in (1, 2, 2, 40, 41):
        now = day_ms(day, "10:00") + len(ends)
        ledger.apply_all([state("a", now, "available")], now)
        tail = ledger.take_changes().visible.tails["a"]
        assert tail is not None
        ends.append(tail.later)
    assert ends[0]
    assert ends[0] is ends[1] is ends[2]
    assert ends[3:] == [b"", b""]


def test_agents_in_a_wrong_partition_are_counted_once() -> None:
    """With a plan or a state, and again after a restart only when they are new."""
    ledger, store = Ledger(fold_policy(), "voice", None, {"a"}.__contains__), Store()
    said = [state("a", day_ms(0), "available"), state("b", day_ms(0), "available")]
    ledger.apply_all([*said, *said, planned("c", 1, 1, day_ms(0), [], {})], day_ms(0))
    assert ledger.counts["misplaced"] == 2
    store.commit(ledger.take_changes())
    again = store.ledger(fold_policy(), None, {"a"}.__contains__)
    again.apply_all([state("b", day_ms(1), "offline"), *said], day_ms(1))
    assert again.counts["misplaced"] == 0
