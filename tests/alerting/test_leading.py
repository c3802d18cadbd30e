"""Ticks of one replica: what it tells of itself, whatever the store does."""

import logging
import time
from collections.abc import Sequence
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from alerting.acts import ActRecord, ActsAway
from alerting.core.shapes import Key
from alerting.heartbeat import FOLLOWS
from alerting.leading import Leading
from alerting.metrics import AlertMetrics
from alerting.store import Commit, Held, StoreAway
from tests.alerting.web.rig import SAV, instance


class Numbers:
    """A board, as far as it is asked."""

    trouble = ""
    steps = 0

    def step(self) -> None:
        """Counts."""
        self.steps += 1


class Inbox:
    """What people did."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, bool]] = []
        self.stops = 0

    def take(self, offset: int, *, everything: bool) -> list[tuple[int, ActRecord]] | None:
        """Returns nothing, or that nobody knows."""
        self.asked.append((offset, everything))
        return None if everything else []

    def stop(self) -> None:
        """Counts."""
        self.stops += 1


class Writer:
    """Where acts go."""

    def __init__(self) -> None:
        self.written: list[ActRecord] = []
        self.away = False

    async def write(self, record: ActRecord) -> int:
        """Notes it."""
        if self.away:
            raise ActsAway("Kafka is away")
        self.written.append(record)
        return 0


class Leader:
    """A leader that does what the test wants."""

    def __init__(self) -> None:
        self.held: Held | None = None
        self.last: Commit | None = None
        self.fenced = 0
        self.found: Sequence[str] = ()
        self.away = self.leads = self.commits = self.empty = self.unnoted = False
        self.given: list[Any] = []

    @property
    def leading(self) -> bool:
        """Whether it leads."""
        return self.held is not None

    @property
    def acts(self) -> int | None:
        """From where on acts are wanted."""
        return None if self.held is None else self.held.acts

    async def tick(self, _: object, acts: object) -> bool:
        """Leads, follows, or does not know."""
        self.given.append(acts)
        if self.away:
            raise StoreAway("Redis is away")
        self.held = None
        if self.leads:
            one = {Key(SAV.rule, SAV.segment): instance()}
            self.held = Held(epoch=1, acts=7, instances=one, born_ms=1)
            if self.commits:
                self.last = Commit(epoch=1, seq=0, at_ms=1, clock_ms=5000, acts=7, born_ms=1)
        return self.leads


class Rig:
    """A replica and its surroundings."""

    def __init__(self) -> None:
        self.numbers, self.inbox, self.writer, self.leader = Numbers(), Inbox(), Writer(), Leader()
        self.registry = CollectorRegistry()
        numbers: Any = self.numbers
        leader: Any = self.leader
        inbox: Any = self.inbox
        writer: Any = self.writer
        self.leading = Leading(numbers, leader, inbox, writer, AlertMetrics(self.registry))

    def value(self, name: str) -> float | None:
        """Returns a metric."""
        return self.registry.get_sample_value(f"pouls_alert_{name}")


@pytest.fixture
def rig() -> Rig:
    """A replica that follows."""
    return Rig()


class Clock:
    """The monotonic clock."""

    now = 100.0

    def __call__(self) -> float:
        """Returns it."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that the test sets."""
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


async def test_a_follower_is_ready_and_no_heart(rig: Rig) -> None:
    """It takes the numbers in all the same: it may have to lead in a second."""
    await rig.leading.tick()

    assert rig.numbers.steps == 1
    assert (rig.leading.trouble, rig.leading.silence) == ("", FOLLOWS)
    assert rig.value("evaluator_leader") == 0
    assert (rig.leader.given, rig.inbox.stops) == ([None], 1)


async def test_a_leader_that_stores_is_well(rig: Rig) -> None:
    """From the first commit on; it gets the acts from where it is."""
    rig.leader.leads = True
    await rig.leading.tick()
    assert rig.leading.silence == FOLLOWS  # it has stored nothing yet

    rig.leader.commits = True
    await rig.leading.tick()
    assert (rig.leading.trouble, rig.leading.silence) == ("", "")
    assert (rig.inbox.asked, rig.leader.given) == ([(7, False)], [None, []])
    assert rig.value("evaluator_leader") == 1
    assert rig.value("last_commit_timestamp_seconds") == 5
    assert rig.value("evaluation_duration_seconds_count") == 1


async def test_an_empty_memory_waits_for_all_acts(rig: Rig) -> None:
    """Nobody knows is another thing than nothing."""
    rig.leader.leads = rig.leader.empty = True
    await rig.leading.tick()
    await rig.leading.tick()

    assert rig.inbox.asked == [(7, True)]
    assert rig.leader.given == [None, None]


async def test_numbers_that_stand_still_silence_the_heart(rig: Rig) -> None:
    """The process itself does what it should."""
    rig.leader.leads = rig.leader.commits = True
    await rig.leading.tick()
    rig.numbers.trouble = "the numbers stand still"

    assert (rig.leading.trouble, rig.leading.silence) == ("", "the numbers stand still")


async def test_redis_away_is_silence_at_once_and_trouble_soon(
    rig: Rig, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Said once, and when it is back."""
    rig.leader.leads = rig.leader.commits = True
    await rig.leading.tick()
    rig.leader.away = True
    with caplog.at_level(logging.WARNING, "pouls.alerts"):
        await rig.leading.tick()
        await rig.leading.tick()
        assert (rig.leading.trouble, rig.leading.silence) == ("", "Redis is away")
        assert rig.value("evaluator_leader") == 0
        clock.now += 11
        assert rig.leading.trouble == "Redis has not answered for 11 s"
        rig.leader.away = False
        await rig.leading.tick()

    assert rig.leading.trouble == rig.leading.silence == ""
    assert [r.getMessage() for r in caplog.records] == [
        "Redis is away; nothing is decided until it is back", "Redis answers again",
    ]  # fmt: skip


async def test_a_leader_that_stores_nothing_is_in_trouble(rig: Rig, clock: Clock) -> None:
    """Such as one that waits for acts while Kafka is away."""
    rig.leader.leads = True
    await rig.leading.tick()
    clock.now += 5
    await rig.leading.tick()
    assert rig.leading.trouble == ""
    clock.now += 6
    await rig.leading.tick()

    assert rig.leading.trouble == "nothing was stored for 11 s"


async def test_refused_commits_are_counted(rig: Rig) -> None:
    """Somebody else leads then."""
    rig.leader.fenced = 2
    await rig.leading.tick()
    await rig.leading.tick()

    assert rig.value("fenced_commits_total") == 2


async def test_the_beginning_of_a_memory_is_noted_until_it_is(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once a second attempt gets through; a memory that is noted is left alone."""
    waits = 0

    async def sleep(_: float) -> None:
        nonlocal waits
        waits += 1
        rig.leader.unnoted = waits in {2, 3}
        rig.writer.away = waits == 2
        if waits > 4:
            raise ConnectionAbortedError

    monkeypatch.setattr("alerting.leading.asyncio.sleep", sleep)
    with pytest.raises(ConnectionAbortedError):
        await rig.leading.note()

    (record,) = rig.writer.written
    assert (record.kind, record.object, record.by) == ("started", "memory", "pouls")


async def test_it_ticks_for_ever(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake of our own is nobody's to hide."""
    rig.leading._tick_s = 0.001

    def broken() -> None:
        rig.numbers.steps += 1
        if rig.numbers.steps == 3:
            raise ZeroDivisionError

    monkeypatch.setattr(rig.numbers, "step", broken)
    with pytest.raises(ZeroDivisionError):
        await rig.leading.run()
