"""Outboxes, who was told what, retries, dead letters: on real servers."""

import asyncio
import contextlib
from typing import Any

import pytest
import redis.asyncio

from alerting.core.shapes import Ack
from alerting.core.telling import Notice
from alerting.store import Begin, Delivery, StoreAway, Told
from tests.alerting.store.samples import (
    CRITICAL,
    EPISODE,
    KEY,
    NOW,
    WARNING,
    commit,
    delivery,
    event,
    instance,
    lead,
    notice,
)
from tests.alerting.store.shifted import Shifted

FIRE, RESOLVE = notice("fire"), notice("resolve", n=1)
OVER = instance(condition="resolved", severity=0, resolved_at_ms=NOW)


async def put(store: Shifted, *notices: Notice, **more: Any) -> None:
    """Commit an alert that fires, or as said, and notices."""
    await store.end_lease()
    epoch = await lead(store)
    held = await store.load(epoch)
    assert held is not None
    known = {"instances": {KEY: instance()}}
    await store.commit(commit(epoch, held.seq, notices=notices, **(known | more)))


async def sent(store: Shifted, one: Delivery) -> str:
    """Spread one delivery; return its id."""
    await put(store, one.notice)
    ((stream_id, _),) = await store.take("s", 9, 0)
    await store.spread(stream_id, [one])
    ((stream_id, got),) = await store.take_deliveries("s", 9, 0)
    assert got == one
    return stream_id


async def told(store: Shifted, address: str = "ana/page") -> Told | None:
    """Return what somebody was told of the alert."""
    return (await store.told([EPISODE]))[EPISODE].get(address)


async def test_a_notice_is_spread_once(store: Shifted) -> None:
    """Whoever comes second is told so."""
    await put(store, FIRE)
    ((stream_id, got),) = await store.take("s", 9, 0)
    assert got == FIRE
    store.idle_ms = 0
    assert await store.take("t", 9, 0) == [(stream_id, FIRE)]
    both = [delivery(FIRE), delivery(FIRE, "channel:floor")]

    assert [await store.spread(stream_id, both), await store.spread(stream_id, both)] == [
        True,
        False,
    ]

    taken = await store.take_deliveries("s", 9, 0)
    assert [one for _, one in taken] == both
    assert [one.key for one in both] == [f"{FIRE.id}:ana/page", f"{FIRE.id}:channel:floor"]
    assert (await store.outbox()).notices == 0


async def test_what_is_taken_is_not_taken_again_unless_left_behind(store: Shifted) -> None:
    """It stays with its sender until it has been idle for long."""
    await put(store, FIRE)
    assert len(await store.take("s", 9, 0)) == 1

    assert await store.take("t", 9, 1) == []
    assert await store.take("s", 9, 1) == []
    store.idle_ms = 0
    assert len(await store.take("t", 9, 0)) == 1


async def test_who_waits_while_redis_is_emptied_is_told_that_it_is_away(
    store: Shifted, redis_url: str
) -> None:
    """Or finds nothing; it is no mistake of ours, and must not end the process."""
    await put(store, FIRE)
    await store.take("s", 9, 0)
    waiting = asyncio.create_task(store.take("t", 9, 5_000))
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        while not (await client.info("clients"))["blocked_clients"]:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.01)
        await client.flushall()
    with contextlib.suppress(StoreAway):
        assert await waiting == []
    assert await store.take("t", 9, 0) == []


async def test_notices_wait_for_senders_that_never_ran(store: Shifted) -> None:
    """The group of senders is made by the first, and reads from the beginning."""
    await put(store, FIRE, RESOLVE)

    assert [one for _, one in await store.take("s", 1, 0)] == [FIRE]
    assert [one for _, one in await store.take("s", 1, 0)] == [RESOLVE]
    assert await store.take_deliveries("s", 9, 0) == []
    await store._make("{pouls:alerts}:out")  # another was quicker


async def test_what_nobody_can_read_becomes_a_dead_letter(store: Shifted) -> None:
    """It would come back for ever."""
    await store._redis.xadd("{pouls:alerts}:out", {"n": "{"})
    await store._redis.xadd("{pouls:alerts}:deliv", {"x": "\xff"})

    assert await store.take("s", 9, 0) == []
    assert await store.take_deliveries("s", 9, 0) == []

    assert [dead.delivery for dead in await store.dead()] == [None, None]
    assert (await store.outbox()).oldest_ms is None


# -- what is still to be told


async def test_what_is_begun_is_written_down_before_it_is_sent(store: Shifted) -> None:
    """And begun again, it is told again: nobody knows whether it was sent."""
    one = delivery(FIRE)
    await sent(store, one)

    for _ in range(2):
        assert await store.begin(one) == Begin(send=True, items=FIRE.items)

    assert await told(store) == Told(
        kind="fire", severity=WARNING, clock_ms=NOW, key=f"{FIRE.id}:ana/page"
    )
    assert await told(store, "bob/page") is None


@pytest.mark.parametrize(
    "now",
    [
        OVER,
        instance(episode="abandonment|queue:sav|8"),
        instance(condition="pending"),
        instance(ack=Ack(by="ana", clock_ms=NOW, severity=WARNING)),
        None,
    ],
    ids=["over", "another episode", "back, not yet firing", "acknowledged", "forgotten"],
)
@pytest.mark.parametrize("kind", ["fire", "worse", "reminder", "escalation"])
async def test_nobody_is_told_that_something_fires_that_does_not(
    store: Shifted, now: Any, kind: Any
) -> None:
    """Nor what somebody has taken on."""
    await put(store, instances={KEY: now})

    assert await store.begin(delivery(notice(kind))) == Begin(send=False, items=())
    assert await told(store) is None


async def test_who_knows_is_not_told_again_but_reminded(store: Shifted) -> None:
    """By another notice, as bad as that; worse is told, and so is that nobody has taken it on."""
    await put(store)
    await store.begin(delivery(FIRE))

    other = notice("fire", n=5)
    worse = notice("worse", event(kind="escalate", severity=CRITICAL), n=6)
    better = notice("fire", n=7)
    assert not (await store.begin(delivery(other))).send
    assert (await store.begin(delivery(other, "bob/page"))).send
    assert (await store.begin(delivery(worse))).send
    assert not (await store.begin(delivery(better))).send
    assert (await store.begin(delivery(notice("reminder", n=8)))).send
    assert (await store.begin(delivery(notice("escalation", n=9)))).send
    known = await told(store)
    assert known is not None
    assert known.severity is CRITICAL, "a reminder makes nothing better"


async def test_that_it_is_as_bad_again_is_told(store: Shifted) -> None:
    """It had got better meanwhile, of which nobody was told; but only once."""
    await put(store)
    bad = event(kind="escalate", severity=CRITICAL)
    again = event(kind="escalate", severity=CRITICAL, clock_ms=NOW + 5)
    await store.begin(delivery(notice("fire", bad)))

    assert not (await store.begin(delivery(notice("worse", bad, n=1)))).send
    await store.set_clock(NOW + 9)
    assert (await store.begin(delivery(notice("worse", again, n=2)))).send
    assert not (await store.begin(delivery(notice("worse", again, n=3)))).send


async def test_only_who_heard_that_it_fires_hears_that_it_is_over(store: Shifted) -> None:
    """Once; but again where nobody knows whether it was sent."""
    await put(store)
    await store.begin(delivery(FIRE))
    await put(store, instances={KEY: OVER})

    assert not (await store.begin(delivery(RESOLVE, "bob/page"))).send
    assert (await store.begin(delivery(RESOLVE))).send
    assert (await store.begin(delivery(RESOLVE))).send
    assert not (await store.begin(delivery(notice("resolve", n=2)))).send
    known = await told(store)
    assert known is not None
    assert known.kind == "resolve"


async def test_what_fires_again_is_not_over_for_who_knows(store: Shifted) -> None:
    """A recovery that comes late is left out, and told to those who know of nothing else."""
    await put(store)
    await store.begin(delivery(FIRE))
    await store.begin(delivery(FIRE, "bob/page"))
    await store.begin(delivery(FIRE, "max/page"))
    await put(store, instances={KEY: OVER})
    await store.begin(delivery(RESOLVE))
    await put(store, instances={KEY: instance(n_reopen=1)})

    again = notice("fire", event(kind="reopen"), n=2)
    assert (await store.begin(delivery(again))).send, "who was told that it is over"
    assert (await store.begin(delivery(again, "bob/page"))).send, "who was not told yet"
    assert not (await store.begin(delivery(notice("fire", event(kind="reopen"), n=3)))).send
    assert not (await store.begin(delivery(RESOLVE))).send
    assert not (await store.begin(delivery(RESOLVE, "bob/page"))).send
    assert (await store.begin(delivery(RESOLVE, "max/page"))).send
    known = await told(store, "bob/page")
    assert known is not None
    assert (known.kind, known.reopened) == ("fire", 1)


async def test_an_end_that_may_not_have_been_heard_is_told_although_it_fires(
    store: Shifted,
) -> None:
    """It was begun, failed, and is tried again; nobody else will tell them."""
    await put(store)
    await store.begin(delivery(FIRE))
    await put(store, instances={KEY: OVER})
    await store.begin(delivery(RESOLVE))
    await put(store, instances={KEY: instance(n_reopen=1)})

    assert (await store.begin(delivery(RESOLVE))).send


async def test_that_it_is_taken_on_hears_who_heard_that_it_fires(store: Shifted) -> None:
    """Nothing is written down of it."""
    await put(store)
    assert not (await store.begin(delivery(notice("ack")))).send
    await store.begin(delivery(FIRE))
    before = await told(store)

    assert (await store.begin(delivery(notice("ack", n=1)))).send
    assert (await store.begin(delivery(notice("unack", n=2)))).send
    assert await told(store) == before


async def test_of_several_items_those_are_told_that_are_news(store: Shifted) -> None:
    """Each by itself: one fires, one is over, and nobody knew of it."""
    await put(store)
    over = event(kind="close", episode="r|site|1", key=KEY._replace(rule="r"))

    begun = await store.begin(delivery(notice("fire", over, event())))

    assert begun.items == (event(),)


async def test_an_announcement_is_always_sent(store: Shifted) -> None:
    """It is about no alert."""
    words = Notice(id="a", group="a", kind="announcement", to=("channel:floor",), clock_ms=NOW)

    assert await store.begin(delivery(words)) == Begin(send=True, items=())


async def test_who_was_told_is_forgotten_in_the_end(store: Shifted) -> None:
    """Sooner once it is over."""
    name = f"{{pouls:alerts}}:told:{EPISODE}"
    await put(store)
    await store.begin(delivery(FIRE))
    firing_s = await store._redis.ttl(name)
    await put(store, instances={KEY: OVER})
    await store.begin(delivery(RESOLVE))

    assert 35 * 86_400 >= await store._redis.ttl(name) > 34 * 86_400
    assert firing_s > 390 * 86_400


async def test_keys_of_any_name_are_written(store: Shifted) -> None:
    """A notice is named by people's rules and segments."""
    odd = Delivery(notice=FIRE, address='a"\\b/é', first_ms=NOW)
    await put(store)

    await store.begin(odd)

    known = await told(store, odd.address)
    assert known is not None
    assert known.key == odd.key


# -- how it ends


async def test_what_was_sent_is_gone(store: Shifted) -> None:
    """Saying so twice changes nothing."""
    one = delivery(FIRE)
    stream_id = await sent(store, one)

    assert await store.done(stream_id, one)
    assert not await store.done(stream_id, one)

    box = await store.outbox()
    assert (box.notices, box.deliveries, box.later, box.dead) == (0, 0, 0, 0)


async def test_what_failed_is_tried_again_when_it_is_due(store: Shifted) -> None:
    """One attempt more, the same key."""
    one = delivery(FIRE)
    stream_id = await sent(store, one)

    assert await store.failed(stream_id, one, NOW + 5_000)
    assert not await store.failed(stream_id, one, NOW + 5_000)
    assert (await store.outbox()).later == 1
    assert await store.due(NOW + 4_999) == 0
    assert await store.due(NOW + 5_000) == 1

    ((_, again),) = await store.take_deliveries("s", 9, 0)
    assert (again.attempt, again.key, again.notice) == (1, one.key, one.notice)
    assert (await store.outbox()).later == 0


async def test_what_failed_for_good_is_a_dead_letter_and_told_to_another(store: Shifted) -> None:
    """In one step: nobody is forgotten in between."""
    one, other = delivery(FIRE), delivery(FIRE, "channel:floor")
    stream_id = await sent(store, one)

    await store.failed(stream_id, one, None, other)

    assert [dead.delivery for dead in await store.dead()] == [one]
    assert [got for _, got in await store.take_deliveries("s", 9, 0)] == [other]


async def test_the_oldest_that_waits_is_known(store: Shifted) -> None:
    """By Redis' time; what is in somebody's hands waits, too."""
    await put(store, FIRE)
    await store.take("s", 9, 0)

    box = await store.outbox()

    assert box.notices == 1
    assert box.oldest_ms is not None


async def test_senders_that_have_gone_are_forgotten(
    store: Shifted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But none that has something in its hands."""
    await put(store, FIRE)
    await store.take("holds", 9, 0)
    await store._redis.xgroup_createconsumer("{pouls:alerts}:out", "senders", "idle")
    await store._redis.xadd("{pouls:alerts}:dead", {"d": "{}"}, id="1-1")

    await store.sweep(NOW)
    assert len(await store._redis.xinfo_consumers("{pouls:alerts}:out", "senders")) == 2
    monkeypatch.setattr("alerting.store.outbox._GONE_MS", -1)
    await store.sweep(NOW)

    left = await store._redis.xinfo_consumers("{pouls:alerts}:out", "senders")
    assert [one["name"] for one in left] == [b"holds"]
    assert await store.dead() == []
