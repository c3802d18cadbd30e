"""The lease, what is held, commits: on real servers."""

import asyncio
from typing import Any

import msgspec
import pytest
import redis

from alerting.core.investigations import Investigation
from alerting.core.shapes import Key
from alerting.store import FEED, AlertStore, Head, Held, Lease, StoreAway
from alerting.store.redis import script
from tests.alerting.store.samples import (
    EPISODE,
    KEY,
    NOW,
    commit,
    event,
    group,
    instance,
    lead,
    notice,
    quiet,
)
from tests.alerting.store.shifted import Shifted

INVESTIGATION = Investigation(
    id="i", rule="abandonment", kpi="abandonment_rate", segment="queue:sav", template="t", owner="o"
)
FULL: dict[str, Any] = {
    "instances": {KEY: instance()},
    "groups": {"g": group()},
    "quiet": {"q": quiet()},
    "investigations": {"i": INVESTIGATION},
}
GONE: dict[str, Any] = {
    "instances": {KEY: None},
    "groups": {"g": None},
    "quiet": {"q": None},
    "investigations": {"i": None},
}


async def test_the_first_leads_and_keeps_leading(store: Shifted) -> None:
    """While it does, others do not; the epoch stays."""
    first = await store.renew("a")

    assert first.clock_ms == NOW
    assert await store.renew("b") == Lease(None, NOW)
    assert await store.renew("a") == first
    assert (await store.head()).beat_ms == NOW


async def test_each_new_leader_has_a_greater_epoch(store: Shifted) -> None:
    """Also the same process, once it had lost the lease; also in a Redis that was emptied."""
    epochs = [await lead(store, "a")]
    await store.end_lease()
    epochs.append(await lead(store, "a"))
    await store.resign("a")
    epochs.append(await lead(store, "b"))
    await store.empty()
    await store.set_clock(NOW + 1)
    epochs.append(await lead(store, "a"))

    assert epochs == sorted(set(epochs))


async def test_only_the_holder_gives_the_lease_back(store: Shifted) -> None:
    """A frozen one that wakes up does not take it from its follower."""
    await store.renew("a")

    await store.resign("b")

    assert await store.renew("b") == Lease(None, NOW)


async def test_an_empty_memory_is_held_as_such(store: Shifted) -> None:
    """It was never born."""
    epoch = await lead(store)

    assert await store.load(epoch) == Held(epoch=epoch)


async def test_what_was_committed_is_held(store: Shifted) -> None:
    """All of it, and the next commit takes it away again."""
    epoch = await lead(store)

    assert await store.commit(commit(epoch, noted=True, lost_ms=0, **FULL)) == 1
    held = await store.load(epoch)
    assert held == Held(
        epoch=epoch, seq=1, at_ms=NOW - 1000, clock_ms=NOW, acts=3, born_ms=NOW, noted=True,
        lost_ms=0, instances={KEY: instance()}, groups={"g": group()}, quiet={"q": quiet()},
        investigations={"i": INVESTIGATION},
    )  # fmt: skip
    assert await store.quiet() == held.quiet
    assert await store.investigations() == held.investigations
    assert await store.instance(KEY) == instance()
    assert await store.instance(Key("other", "site")) is None

    assert await store.commit(commit(epoch, 1, **GONE)) == 1
    assert await store.load(epoch) == Held(
        epoch=epoch, seq=2, at_ms=NOW - 1000, clock_ms=NOW, acts=3, born_ms=NOW
    )
    assert await store.head() == Head(
        epoch=epoch, seq=2, at_ms=NOW - 1000, clock_ms=NOW, acts=3, born_ms=NOW, beat_ms=NOW
    )


async def test_a_commit_sent_again_is_stored_once(store: Shifted) -> None:
    """Its reply had been lost."""
    epoch = await lead(store)
    tick = commit(epoch, events=(event(),), notices=(notice(),))

    assert [await store.commit(tick), await store.commit(tick)] == [1, 2]

    assert await store._redis.xlen("{pouls:alerts}:events") == 1
    assert (await store.outbox()).notices == 1


async def test_nobody_commits_after_another_has_the_lease(store: Shifted) -> None:
    """Nor loads; nor where everything is gone."""
    epoch = await lead(store, "a")
    await store.end_lease()
    assert await store.commit(commit(epoch)) == 1, "nobody else leads yet"
    await lead(store, "b")

    assert await store.commit(commit(epoch, 1)) == 0
    assert await store.load(epoch) is None
    await store.empty()
    assert await store.commit(commit(epoch, 1)) == 0
    assert await store.commit(commit(epoch, 0)) == 0


@pytest.mark.parametrize("seq", [1, 3, 4])
async def test_a_commit_comes_after_the_one_before(store: Shifted, seq: int) -> None:
    """A number that is not the next is refused, but for the one just stored: that says 2."""
    epoch = await lead(store)
    for i in range(2):
        await store.commit(commit(epoch, i))

    assert await store.commit(commit(epoch, seq)) == (2 if seq == 1 else 0)


async def test_a_commit_that_is_broken_changes_nothing(store: Shifted) -> None:
    """It is decoded before the first write."""
    epoch = await lead(store)

    keys = ["{pouls:alerts}:head", *(f"{{pouls:alerts}}:{n}" for n in range(9))]

    with pytest.raises(redis.ResponseError):
        await store._redis.eval(script("commit"), 10, *keys, epoch, 0, b"\xc1", b"", 0)

    assert await store.load(epoch) == Held(epoch=epoch)


async def test_many_changes_fit_into_one_commit(store: Shifted) -> None:
    """More than Redis' Lua unpacks at once."""
    epoch = await lead(store)
    many = {Key("r", f"queue:{i}"): instance() for i in range(9_000)}

    await store.commit(commit(epoch, instances=many))

    held = await store.load(epoch)
    assert held is not None
    assert held.instances == many


async def test_what_walls_show_is_kept_and_published(store: Shifted) -> None:
    """Only where a commit says so."""
    epoch = await lead(store)
    feed = store.feed()
    await feed.subscribe(FEED)
    await feed.get_message(timeout=5)
    assert await store.shown() is None

    await store.commit(commit(epoch, shown=b'{"x":1}'))
    await store.commit(commit(epoch, 1))
    await store.commit(commit(epoch, 2, shown=b'{"x":2}'))

    assert await store.shown() == b'{"x":2}'
    got = [await feed.get_message(timeout=5) for _ in range(2)]
    assert [message and message["data"] for message in got] == [b'{"x":1}', b'{"x":2}']
    await feed.aclose()  # type: ignore[no-untyped-call]


async def test_acts_have_outcomes(store: Shifted) -> None:
    """Done, refused, or nothing yet; they are not kept for long."""
    epoch = await lead(store)

    await store.commit(commit(epoch, outcomes={"one": "", "two": "nobody has acknowledged it"}))

    assert [await store.outcome(name) for name in ("one", "two", "three")] == [
        "", "nobody has acknowledged it", None,
    ]  # fmt: skip
    assert 0 < await store._redis.ttl("{pouls:alerts}:outcome:one") <= 120


async def test_history_is_of_a_time_and_of_an_episode(redis_url: str) -> None:
    """By Redis' own time, oldest first."""
    store = AlertStore(redis_url)
    epoch = (await store.renew("a")).epoch
    now = await store.clock_ms()
    assert epoch is not None
    events = tuple(
        event(clock_ms=now + i, episode=name) for i, name in enumerate((EPISODE, "x|y|1", EPISODE))
    )

    await store.commit(commit(epoch, clock_ms=now, events=events))

    assert await store.history(now, now + 2) == list(events[:2])
    assert await store.history(now, now + 9, EPISODE) == [events[0], events[2]]
    assert await store.history(now - 9, now) == []
    await store.close()


async def test_events_of_long_ago_are_forgotten(redis_url: str) -> None:
    """Whole nodes of them; of what is younger, nothing."""
    store = AlertStore(redis_url)
    epoch = (await store.renew("a")).epoch
    now = await store.clock_ms()
    assert epoch is not None
    for i in range(400):
        await store._redis.xadd(
            "{pouls:alerts}:events", {"e": msgspec.json.encode(event())}, id=f"{i}-1"
        )

    await store.commit(commit(epoch, clock_ms=now, events=(event(clock_ms=now),)))

    assert await store._redis.xlen("{pouls:alerts}:events") < 200
    assert len(await store.history(now, now + 1)) == 1
    await store.close()


async def test_every_replica_signs_with_the_same_secret(store: Shifted) -> None:
    """Also when they ask at once."""
    one, other = await asyncio.gather(store.secret(), store.secret())

    assert one == other
    assert len(bytes.fromhex(one)) == 16


async def test_a_redis_that_does_not_answer_is_away() -> None:
    """Nobody knows what has happened."""
    store = AlertStore("redis://127.0.0.1:1/0")

    with pytest.raises(StoreAway):
        await store.renew("a")
    await store.close()


async def test_a_fit_redis_gives_no_reason_to_complain(store: Shifted) -> None:
    """What it says otherwise, the tests of the streams' store show."""
    assert await store.complaints() == []
