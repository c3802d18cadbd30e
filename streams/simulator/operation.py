"""The whole operation under way: customers come, agents work, feeds say that they are alive."""

# ruff: noqa: S311  a simulation's dice
from collections.abc import Iterator
from random import Random
from typing import Any, Final

from streams.core.buckets import Zone
from streams.simulator.calls import Calls
from streams.simulator.chats import Chats
from streams.simulator.demand import Demand
from streams.simulator.desk import Desk
from streams.simulator.engine import Engine, Life
from streams.simulator.floor import Contact, Floor
from streams.simulator.out import FEEDS, TOPIC, Out, Timed
from streams.simulator.plan import GROUPS, LANGUAGES, Queue
from streams.simulator.shifts import Shifts
from streams.simulator.tickets import Tickets

ALIVE_S: Final = 10
CUSTOMERS: Final = 40_000


class Operation:
    """Everything that runs, put together."""

    def __init__(self, demand: Demand, zone: Zone, seed: str, begin_ms: int, live_ms: int) -> None:
        """`live_ms`: from then on the feeds send their heartbeats."""
        self._seed, self._live_ms, self._demand = seed, live_ms, demand
        self._engine = engine = Engine(begin_ms)
        self._out = Out(seed)
        floor = Floor(engine, self._out, demand.queues)
        self._dice = Random(f"{seed}:contacts")
        self._count = 0
        desk = Desk(engine, floor, self._out, Random(f"{seed}:desk"))
        calls = Calls(desk, {q.name: q for q in demand.queues}, self._call_back)
        self._stories = {
            "voice": calls.call, "chat": Chats(desk).chat, "ticket": Tickets(desk).ticket
        }  # fmt: skip
        shifts = Shifts(engine, floor, self._out, demand, zone, seed)
        stalls = (self._stall(floor, *stall) for stall in demand.stalls())
        for life in (shifts.days(), self._alive(), *map(self._arrivals, demand.queues), *stalls):
            engine.start(life)

    def events(self, end_ms: int) -> Iterator[Timed]:
        """Yields what happens before an instant, in the order in which it happens."""
        said = self._out.events
        while self._engine.step(end_ms):
            yield from said
            said.clear()

    def _arrivals(self, queue: Queue) -> Life:
        dice = Random(f"{self._seed}:{queue.name}")
        yield self._demand.opens_ms(queue.team)
        while True:
            yield self._demand.next_arrival(queue, self._engine.now_ms, dice)
            contact = self._contact(queue.channel, self._about(queue))
            self._engine.start(self._stories[queue.channel](contact, queue))

    def _stall(self, floor: Floor, from_ms: int, to_ms: int, queue: str) -> Life:
        yield from_ms
        floor.stall(queue)
        yield to_ms
        floor.resume(queue)

    def _alive(self) -> Life:
        yield self._live_ms
        while True:
            for feed in FEEDS:
                self._out.alive(self._engine.now_ms, feed, ALIVE_S)
            yield self._engine.now_ms + ALIVE_S * 1000

    def _contact(self, channel: str, about: dict[str, Any]) -> Contact:
        self._count += 1
        return Contact(f"{channel}-{self._seed}-{self._count}", channel, TOPIC[channel], about)

    def _about(self, queue: Queue) -> dict[str, Any]:
        dice = self._dice
        number = int(dice.random() ** 2 * CUSTOMERS)  # some come again and again
        return {
            "customer": f"cu-{number:05d}",
            "group": GROUPS[number % len(GROUPS)],
            "product": dice.choice(queue.products),
            "reason": dice.choice(queue.reasons),
            "language": LANGUAGES[number % len(LANGUAGES)],
        }

    def _call_back(self, contact: Contact) -> Contact:
        return self._contact("callback", {**contact.about, "conversation": contact.id})
