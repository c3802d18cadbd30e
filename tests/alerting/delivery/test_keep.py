"""What must be repeated is repeated: while it lasts, and its end for five minutes."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from alerting.core.shapes import Severity
from alerting.core.telling import TOLD
from alerting.delivery.keep import Keeper
from alerting.notifiers.alertmanager import Alertmanager
from alerting.shown import Shown, encode, make
from alerting.store import Commit
from tests.alerting.delivery.world import World, alert, instance
from tests.alerting.loopback import Loopback
from tests.alerting.notifiers.test_alertmanager import alertmanager
from tests.alerting.telling import notice
from tests.servers import Server

__all__ = ["alertmanager"]
TO = ("channel:am",)
PAST_MS = 1_700_000_000_000


@pytest.fixture
async def phone() -> AsyncIterator[Loopback]:
    """An Alertmanager that only listens."""
    async with Loopback() as running:
        yield running


def world_of(redis_url: str, address: str) -> World:
    """Returns a world in which Alertmanager is told."""
    return World(redis_url, {}, channels={"am": f"alertmanager+http://{address}"})


async def show(world: World, *events: Any) -> None:
    """Commits what walls show: these alerts last."""
    instances = {e.key: instance(e) for e in events}
    shown: Shown = make(
        instances, {}, {}, rules={}, suppressed=lambda *_: (), at_ms=None,
        clock_ms=world.clock_ms,
    )  # fmt: skip
    await world.store.end_lease()
    lease = await world.store.renew("leader")
    assert lease.epoch is not None
    held = await world.store.load(lease.epoch)
    assert held is not None
    done = await world.store.commit(
        Commit(
            epoch=lease.epoch, seq=held.seq, at_ms=world.clock_ms, clock_ms=world.clock_ms,
            acts=0, born_ms=1, shown=encode(shown),
        )
    )  # fmt: skip
    assert done == 1


def keeper(world: World) -> Keeper:
    """Returns who repeats."""
    return world.sender._keeper


async def test_what_lasts_is_told_again(redis_url: str, phone: Loopback) -> None:
    """As bad as it was told before, to whom it was told."""
    world = world_of(redis_url, phone.address)
    one, other = alert("a", severity=Severity.WARNING), alert("b")
    await world.decide(notice("fire", one, to=TO), notice("fire", other, to=("duty:x/page",)))
    await world.sender.run_once()
    await show(world, one, other)
    phone.requests.clear()
    await world.pass_s(60)

    assert await keeper(world).run_once() == 1

    [[sent]] = [request.json for request in phone.requests]
    assert sent["labels"] == {
        "alertname": "abandonment", "severity": "warning", "source": "pouls", "queue": "a",
    }  # fmt: skip
    assert sent["startsAt"] == "2027-01-15T08:00:00.000Z"
    assert sent["endsAt"] == "2027-01-15T08:05:00.000Z"
    await world.close()


async def test_an_end_is_told_again_for_five_minutes(redis_url: str, phone: Loopback) -> None:
    """Then Alertmanager has had its chances."""
    world = world_of(redis_url, phone.address)
    world.clock_ms = PAST_MS  # history is looked up by Redis' own time: an event is never early
    await world.decide(notice("fire", alert("a"), to=TO))
    await world.sender.run_once()
    over = alert("a", "resolve", clock_ms=PAST_MS)
    await world.decide(notice("resolve", over, to=(TOLD,), n=1), over=True)
    await show(world)
    assert await keeper(world).run_once() == 0  # nobody has been told yet

    await world.sender.run_once()
    await world.pass_s(60)
    assert await keeper(world).run_once() == 1
    assert {a["endsAt"] for a in phone.requests[-1].json} == {"2023-11-14T22:13:20.000Z"}

    await world.pass_s(300)
    assert await keeper(world).run_once() == 0
    await world.close()


async def test_who_forgets_nothing_is_not_told_again(redis_url: str) -> None:
    """Nothing is even looked for."""
    world = World(redis_url, {}, channels={"pd": "pagerduty://abc"})

    assert await keeper(world).run_once() == 0
    await world.close()


async def test_nobody_has_ever_led(redis_url: str, phone: Loopback) -> None:
    """Then there is nothing."""
    world = world_of(redis_url, phone.address)

    assert await keeper(world).run_once() == 0
    await world.close()


async def test_a_failure_is_no_trouble(redis_url: str, phone: Loopback) -> None:
    """There is another time soon."""
    world = world_of(redis_url, phone.address)
    await world.decide(notice("fire", alert("a"), to=TO))
    await world.sender.run_once()
    await show(world, alert("a"))
    phone.after = 503

    assert await keeper(world).run_once() == 1
    assert (await world.store.outbox()).later == 0
    await world.close()


@pytest.fixture
def real(alertmanager: Server) -> Server:
    """A real Alertmanager."""
    return alertmanager


@pytest.mark.integration
async def test_a_real_one_hears_of_the_beginning_and_the_end(redis_url: str, real: Server) -> None:
    """From a decision to what it shows: through the store, a sender and the keeper."""
    world = world_of(redis_url, real.address)
    world.clock_ms = time.time_ns() // 1_000_000
    fired = alert("kept", clock_ms=world.clock_ms)

    async def shown() -> list[str]:
        async with httpx.AsyncClient() as http:
            found = (await http.get(f"http://{real.address}/api/v2/alerts")).json()
        return [a["endsAt"] for a in found if a["labels"].get("queue") == "kept"]

    await world.decide(notice("fire", fired, to=TO, clock_ms=world.clock_ms))
    await world.sender.run_once()
    [first] = await shown()

    await show(world, fired)
    await world.pass_s(60)
    assert await keeper(world).run_once() == 1
    [later] = await shown()
    assert later > first

    world.clock_ms = time.time_ns() // 1_000_000
    over = alert("kept", "resolve", clock_ms=world.clock_ms)
    await world.decide(notice("resolve", over, to=(TOLD,), n=1), over=True)
    await world.sender.run_once()
    async with asyncio.timeout(30):
        while await shown():  # noqa: ASYNC110  it tells nobody
            await asyncio.sleep(0.05)
    await world.close()


def test_it_may_be_missed_several_times() -> None:
    """Before it counts as over."""
    assert Alertmanager.keep_s == 60
