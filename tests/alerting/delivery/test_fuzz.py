"""Whatever is lost between sender, store and receiver: everything is told, under one key.

Calls to the store fail before or after they are done, receivers fail, senders die and others take
over, alerts end meanwhile. In the end everybody who was told that something fires was told its end,
nothing is left, and a repetition never has another key.
"""

import random
from collections import defaultdict
from contextlib import suppress
from typing import Any, Final

import pytest

from alerting.core.telling import TOLD
from alerting.delivery import Policy, Sender
from streams.settings import Address
from streams.store import StoreAway
from tests.alerting.delivery.world import World, alert, hook
from tests.alerting.loopback import Behaviour, Loopback
from tests.alerting.telling import notice

CALLS: Final = (
    "take", "spread", "take_deliveries", "begin", "done", "failed", "due", "told",
)  # fmt: skip
PATIENT: Final = Policy(retries_ms=(1_000,) * 500, pages=1_000, failures=1_000)
"""So that nothing becomes a dead letter: that is tried elsewhere."""
ALERTS: Final = 4
LASTS: Final = 20
"""So many rounds each alert lasts."""


class Losing:
    """A store of which calls and replies get lost."""

    def __init__(self, store: Any, chance: random.Random) -> None:
        self._store, self._chance = store, chance
        self.share = 0.07

    def __getattr__(self, name: str) -> Any:
        """Returns a call that may fail."""
        call = getattr(self._store, name)
        if name not in CALLS:
            return call

        async def losing(*args: Any) -> Any:
            if self._chance.random() < self.share:
                raise StoreAway("the call was lost")
            result = await call(*args)
            if self._chance.random() < self.share:
                raise StoreAway("the reply was lost")
            return result

        return losing


async def play(world: World, losing: Losing, chance: random.Random, phone: Loopback) -> None:
    """Lets alerts begin and end while everything fails, then lets it come right."""
    senders = [_sender(world, losing, n) for n in range(2)]
    for n in range(LASTS + ALERTS):
        if n < ALERTS:
            await world.decide(notice("fire", alert(f"q{n}"), group=f"g{n}"))
        elif n >= LASTS:
            i = n - LASTS
            over = notice("resolve", alert(f"q{i}", "resolve"), group=f"g{i}", to=(TOLD,), n=1)
            await world.decide(over, over=True)
        phone.script.clear()
        phone.script.extend(chance.choices((200, 503, "close"), k=9))
        if chance.random() < 0.2:
            senders[chance.randrange(2)] = _sender(world, losing, 10 + n)  # it was killed
        with suppress(StoreAway):
            await senders[chance.randrange(2)].run_once()
        await world.pass_s(chance.choice((0, 1, 2)))
    losing.share = 0
    phone.script.clear()
    for _ in range(4):
        await world.pass_s(2)
        for sender in senders:
            await sender.run_once()


def _sender(world: World, losing: Losing, n: int) -> Sender:
    made = world.another(f"sender {n}")
    for part in (made, made._spreader, made._desk):
        part._store = losing  # type: ignore[assignment]
    return made


@pytest.mark.parametrize("seed", range(15))
async def test_everything_is_told_under_one_key(redis_url: str, seed: int) -> None:
    """Each alert that was told has an end, and nothing is left."""
    chance = random.Random(seed)
    async with Loopback() as phone:
        world = World(
            redis_url, {"ar": Address(page=hook(phone.address))}, policy=PATIENT,
            duties={"floor": ("ana",)},
        )  # fmt: skip
        world.store.idle_ms = 0
        await play(world, Losing(world.store, chance), chance, phone)

        keys: dict[tuple[str, str], set[str]] = defaultdict(set)
        last: dict[tuple[str, str], Behaviour] = {}
        for request, answer in zip(phone.requests, phone.answers, strict=True):
            [told] = request.json["alerts"]
            what = told["episode"], request.json["kind"]
            keys[what].add(request.headers["idempotency-key"])
            last[what] = answer
        box = await world.store.outbox()
        known = await world.store.told([alert(f"q{i}").episode for i in range(ALERTS)])
        await world.close()

    assert all(len(found) == 1 for found in keys.values())
    heard = {what for what, answer in last.items() if answer == 200}
    begun = {episode for episode, told in known.items() if told}
    assert begun
    assert {(episode, "resolve") for episode in begun} <= heard
    assert {episode for episode, _ in keys} <= begun
    assert (box.notices, box.deliveries, box.later, box.dead) == (0, 0, 0, 0)
    assert {one.kind for told in known.values() for one in told.values()} == {"resolve"}
