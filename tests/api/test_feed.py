"""What the store says waits for the tick; freshness by topic; the clock."""

from typing import Any

import pytest

from api.clock import Now
from api.feed import Feed, reasons
from api.messages import LIVE, REBUILDING, SourceState
from streams.core.changes import Visible, nothing
from streams.settings import Clock


class Recorder:
    """A board that writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def load(self, source: str, everything: Visible) -> None:
        """Notes it."""
        self.told.append(("load", source, everything.top_ms))

    def apply(self, source: str, change: Visible) -> None:
        """Notes it."""
        self.told.append(("apply", source, change.top_ms))

    def drop(self, source: str) -> None:
        """Notes it."""
        self.told.append(("drop", source))

    def mark(self, source: str, as_of_ms: int | None, rebuilding: bool) -> None:
        """Notes it."""
        self.told.append(("mark", source, as_of_ms, rebuilding))


def drained(feed: Feed) -> list[tuple[Any, ...]]:
    """Returns what a tick tells the board."""
    board = Recorder()
    feed.drain(board)
    return board.told


def test_the_board_hears_of_nothing_between_two_ticks() -> None:
    """And of everything, in its order, with the next."""
    feed = Feed(["calls-0"])
    feed.on_load("calls-0", nothing(5))
    feed.on_change("calls-0", nothing(6))
    feed.on_mark("calls-0", 7, rebuilding=False)

    assert drained(feed) == [
        ("load", "calls-0", 5), ("apply", "calls-0", 6), ("mark", "calls-0", 7, False),
    ]  # fmt: skip
    assert drained(feed) == [("mark", "calls-0", 7, False)]


@pytest.mark.parametrize("how", ["load", "drop"])
def test_a_source_read_anew_forgets_its_own_commits_that_still_wait(how: str) -> None:
    """Not those of another source."""
    feed = Feed(["calls-0", "calls-1"])
    feed.on_change("calls-0", nothing(1))
    feed.on_change("calls-1", nothing(2))
    feed.on_load("calls-0", nothing(3)) if how == "load" else feed.on_drop("calls-0")

    told = [t for t in drained(feed) if t[0] != "mark"]
    assert told == [
        ("apply", "calls-1", 2),
        ("load", "calls-0", 3) if how == "load" else ("drop", "calls-0"),
    ]


def test_a_topic_is_as_fresh_as_its_stalest_partition() -> None:
    """One that nobody has read yet makes it rebuilding, its time unknown."""
    feed = Feed(["calls-0", "calls-1", "chats-0"])
    feed.on_mark("calls-0", 9000, rebuilding=False)
    feed.on_mark("calls-1", 4500, rebuilding=False)
    assert feed.states() == {
        "calls": SourceState(4.5, LIVE),
        "chats": SourceState(None, REBUILDING),
    }

    feed.on_mark("calls-1", 9000, rebuilding=True)
    assert feed.states()["calls"] == SourceState(9.0, REBUILDING)
    feed.on_drop("calls-0")
    assert feed.states()["calls"] == SourceState(None, REBUILDING)


def test_the_greatest_event_time_over_the_sources_is_known() -> None:
    """From loads and from commits; it does not fall."""
    feed = Feed(["calls-0", "calls-1"])
    feed.on_load("calls-0", nothing(50))
    feed.on_change("calls-1", nothing(70))
    feed.on_change("calls-0", nothing(60))

    assert feed.top_ms == 70


def test_readiness_names_every_reason() -> None:
    """Redis, a topic that is rebuilding, one that is stale."""
    states = {
        "calls": SourceState(1.0, LIVE),
        "chats": SourceState(89.0, REBUILDING),
        "tickets": SourceState(95.0, LIVE),
        "agents": SourceState(None, LIVE),
    }
    found = reasons(connected=False, states=states, ts_ms=100_000, stale_ms=10_000)

    assert found == [
        "redis is away", "calls: stale for 99 s", "chats: rebuilding", "agents: never read",
    ]  # fmt: skip
    fresh = {"calls": SourceState(99.0, LIVE)}
    assert reasons(connected=True, states=fresh, ts_ms=100_000, stale_ms=10_000) == []


def test_now_is_the_servers_clock_and_never_goes_back() -> None:
    """Not even when somebody sets the clock back."""
    now = Now(Clock("wall", 1.0))

    assert [now.at(t, 99_999) for t in (1000, 2000, 1500, 2500)] == [1000, 2000, 2000, 2500]


def test_with_the_events_clock_now_runs_on_from_the_newest_event() -> None:
    """At the configured speed; an event that it has overtaken does not turn it back."""
    now = Now(Clock("event", 60.0))

    assert now.at(1_000, 500_000) == 500_000
    assert now.at(2_000, 500_000) == 560_000
    assert now.at(3_000, 510_000) == 560_000
    assert now.at(4_000, 900_000) == 900_000
    assert now.at(5_000, 900_000) == 960_000


def test_before_any_event_the_events_clock_stands() -> None:
    """There is no time yet."""
    assert Now(Clock("event", 1.0)).at(1_790_000_000_000, 0) == 0
