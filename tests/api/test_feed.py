"""Freshness as messages say it, and readiness."""

from api.feed import reasons, states
from api.messages import LIVE, REBUILDING, SourceState
from streams.store.feed import Feed


def test_a_topic_is_as_fresh_as_its_stalest_partition() -> None:
    """One that nobody has read yet makes it rebuilding, its time unknown."""
    feed = Feed(["calls-0", "calls-1", "chats-0"])
    feed.on_mark("calls-0", 9000, rebuilding=False)
    feed.on_mark("calls-1", 4500, rebuilding=False)
    assert states(feed) == {
        "calls": SourceState(4.5, LIVE),
        "chats": SourceState(None, REBUILDING),
    }

    feed.on_mark("calls-1", 9000, rebuilding=True)
    assert states(feed)["calls"] == SourceState(9.0, REBUILDING)
    feed.on_drop("calls-0")
    assert states(feed)["calls"] == SourceState(None, REBUILDING)


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
