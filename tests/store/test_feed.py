"""What the store says waits for the tick; freshness by topic; which buckets a board loads."""

from typing import Any

import pytest

from streams.core.board import Board
from streams.core.buckets import DAY_MS, Zone
from streams.core.changes import Visible, nothing
from streams.core.policy import FoldPolicy, ReadingPolicy
from streams.store import Store
from streams.store.feed import Feed, Mark, reader, wanted, worst


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
    """One that nobody has read yet makes its time unknown."""
    feed = Feed(["calls-0", "calls-1", "chats-0"])
    feed.on_mark("calls-0", 9000, rebuilding=False)
    feed.on_mark("calls-1", 4500, rebuilding=True)

    assert feed.topics() == {
        "calls": Mark(4500, rebuilding=True),
        "chats": Mark(None, rebuilding=True),
    }
    assert worst(list(feed.marks.values())) == Mark(None, rebuilding=True)
    assert worst([]) == Mark(None, rebuilding=False)


def test_the_greatest_event_time_over_the_sources_is_known() -> None:
    """From loads and from commits; it does not fall."""
    feed = Feed(["calls-0", "calls-1"])
    feed.on_load("calls-0", nothing(50))
    feed.on_change("calls-1", nothing(70))
    feed.on_change("calls-0", nothing(60))

    assert feed.top_ms == 70


def test_a_board_loads_what_it_holds_and_a_little_ahead() -> None:
    """Quarter hours of a day and more, today and yesterday; what it lets go of is not read."""
    found = wanted(10 * DAY_MS, Zone("UTC"))

    assert (found.quarters[0], found.quarters[-1]) == (10 * 96 - 100, 10 * 96 + 1)
    assert (found.days[-1] - found.days[0], len(found.days)) == (2, 3)


async def test_what_a_board_loads_goes_by_the_later_of_its_now_and_the_sources_time() -> None:
    """Its clock may be the server's, and the source ahead of it."""
    zone = Zone("UTC")
    board = Board(zone, ReadingPolicy(), ["calls-0"], FoldPolicy().retention)
    board.step(20 * DAY_MS)
    store = Store("redis://127.0.0.1:1/0")
    follows = reader(store, ["calls-0"], board, zone, Feed(["calls-0"]))
    await store.close()

    assert follows._wanted("calls-0", 30 * DAY_MS) == wanted(30 * DAY_MS, zone)
    assert follows._wanted("calls-0", 10 * DAY_MS) == wanted(20 * DAY_MS, zone)
