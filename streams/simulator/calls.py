"""The story of a call: the menu, the line, an agent, a hold, a transfer, a callback, a survey."""

from collections.abc import Callable, Generator, Mapping
from typing import Final

from streams.simulator.desk import BREATH_MS, Desk, Talk
from streams.simulator.engine import Life
from streams.simulator.floor import Agent, Contact
from streams.simulator.plan import Queue

RING_S: Final = 4.0
MENU_S: Final = 22.0
LEAVES_MENU: Final = 0.03
HANGS_UP_EARLY: Final = 0.02
TAKES_CALLBACK: Final = 0.25
CALLBACK_AFTER_S: Final = 150.0
OVERFLOW_AFTER_MS: Final = 240_000
CALLBACK_IN_S: Final = 1500.0
CALLBACK_PATIENCE_MS: Final = 4 * 3_600_000
HOLD_S: Final = 45.0
HOPS: Final = 3
"""Queues that one call passes at most."""


class Calls:
    """How calls live."""

    def __init__(
        self,
        desk: Desk,
        queues: Mapping[str, Queue],
        call_back: Callable[[Contact], Contact],
    ) -> None:
        self._desk, self._queues, self._call_back = desk, queues, call_back

    def call(self, contact: Contact, queue: Queue) -> Life:
        """An inbound call, from the first ring to the survey."""
        desk = self._desk
        desk.create(contact)
        yield desk.after(MENU_S)
        if desk.chance(LEAVES_MENU):
            desk.say(contact, "abandoned", phase="ivr")
            return
        yield from self._queues_and_legs(contact, queue)

    def callback(self, contact: Contact, queue: Queue) -> Life:
        """The call that was promised: the customer is called when an agent is free."""
        yield self._desk.after(CALLBACK_IN_S)
        self._desk.create(contact, "outbound")
        yield self._desk.engine.now_ms + BREATH_MS
        yield from self._queues_and_legs(contact, queue)

    def _queues_and_legs(self, contact: Contact, queue: Queue) -> Life:
        desk = self._desk
        for hop in range(HOPS):
            desk.say(contact, "queued", queue=queue.name)
            match (yield from self._line(contact, queue, spills=hop == 0)):
                case None:
                    return
                case Queue() as spilt:
                    yield desk.engine.now_ms + BREATH_MS
                    queue = spilt
                case agent:
                    yield from self._talk(agent, contact, queue)
                    if hop == HOPS - 1 or not desk.chance(queue.transferred):
                        self._end(agent, contact, queue)
                        return
                    desk.say(contact, "transferred", kind="queue", queue=queue.transfer_to)
                    yield desk.engine.now_ms + BREATH_MS
                    desk.finish(agent, contact, queue)
                    queue = self._queues[queue.transfer_to]

    def _end(self, agent: Agent, contact: Contact, queue: Queue) -> None:
        desk = self._desk
        desk.say(contact, "ended", by=desk.dice.choice(("customer", "customer", "agent")))
        desk.finish(agent, contact, queue)
        desk.engine.start(desk.survey(contact))

    def _line(
        self, contact: Contact, queue: Queue, *, spills: bool
    ) -> Generator[int, Agent | None, Agent | Queue | None]:
        """Waits in line; returns the agent who answered, the queue where it goes on, or None."""
        desk, now_ms = self._desk, self._desk.engine.now_ms
        until_ms, how = now_ms + self._patience_ms(contact, queue), "abandoned"
        if spills and queue.overflow_to and now_ms + OVERFLOW_AFTER_MS < until_ms:
            until_ms, how = now_ms + OVERFLOW_AFTER_MS, "overflow"
        if contact.channel == "voice" and desk.chance(TAKES_CALLBACK):
            offer_ms = desk.after(CALLBACK_AFTER_S)
            until_ms, how = min((until_ms, how), (offer_ms, "callback"))
        contact.rang = False
        agent = yield from desk.reach(contact, queue, until_ms, RING_S)
        if agent is not None:
            return agent
        if contact.freed:
            how = "callback"
        if contact.rang or how == "abandoned":
            desk.say(contact, "abandoned", phase="ring" if contact.rang else "queue")
            return None
        desk.say(contact, "flowed_out", to=how)
        if how == "overflow":
            return self._queues[queue.overflow_to]
        desk.engine.start(self.callback(self._call_back(contact), queue))
        yield desk.engine.now_ms + BREATH_MS
        desk.say(contact, "ended", by="system")
        return None

    def _patience_ms(self, contact: Contact, queue: Queue) -> int:
        dice = self._desk.dice
        if contact.channel == "callback":
            return CALLBACK_PATIENCE_MS
        if self._desk.chance(HANGS_UP_EARLY):
            return int(1000 * dice.uniform(1, 5))
        return int(1000 * dice.expovariate(1 / queue.patience_s)) + 1

    def _talk(self, agent: Agent, contact: Contact, queue: Queue) -> Talk:
        desk = self._desk
        if desk.chance(queue.held):
            yield desk.after(queue.talk_s / 2)
            desk.say(contact, "held", agent=agent.id)
            desk.floor.show(agent, contact, "hold")
            yield desk.after(HOLD_S)
            desk.say(contact, "resumed", agent=agent.id)
            desk.floor.show(agent, contact, "on_contact")
            yield desk.after(queue.talk_s / 2)
        else:
            yield desk.after(queue.talk_s)
