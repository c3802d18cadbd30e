"""What every contact goes through: said things, the line, the ring, an agent's wrap-up."""

from collections.abc import Generator
from math import log
from random import Random
from typing import Final

from streams.simulator.engine import Engine, Life
from streams.simulator.floor import Agent, Contact, Floor, Patient
from streams.simulator.out import Out
from streams.simulator.plan import Queue

RING_LIMIT_MS: Final = 20_000
MISSED: Final = 0.015
"""Share of the rings that the agent lets ring."""
SPREAD: Final = 0.55
"""Sigma of the lognormal durations."""
_SHIFTED: Final = SPREAD * SPREAD / 2
BREATH_MS: Final = 400
"""Between two things that one system says of one contact."""
SURVEYED: Final = 0.12
ANSWERS_SURVEY: Final = 0.3
SCORES: Final = (5, 5, 5, 4, 4, 4, 3, 2, 1)


class Desk:
    """The floor and its phone system, for the stories of contacts."""

    def __init__(self, engine: Engine, floor: Floor, out: Out, dice: Random) -> None:
        self.engine, self.floor, self.out, self.dice = engine, floor, out, dice

    def say(self, contact: Contact, kind: str, /, **data: object) -> None:
        """Says what happened to a contact, now."""
        self.out.put(self.engine.now_ms, contact.feed, f"contact.{kind}", contact.id, data)

    def create(self, contact: Contact, direction: str = "inbound") -> None:
        """Says that a contact exists, and all that is known of it."""
        self.say(contact, "created", channel=contact.channel, direction=direction, **contact.about)

    def after(self, mean_s: float) -> int:
        """Returns the instant that lies a lognormal duration ahead."""
        drawn_s = self.dice.lognormvariate(log(mean_s) - _SHIFTED, SPREAD)
        return self.engine.now_ms + 1 + int(1000 * drawn_s)

    def chance(self, share: float) -> bool:
        """Throws the dice."""
        return self.dice.random() < share

    def reach(self, contact: Contact, queue: Queue, until_ms: int, ring_s: float) -> Patient:
        """Waits and rings until an agent answers; None when the customer's time is up before."""
        engine, first = self.engine, False
        while True:
            agent = yield from self.floor.find(contact, queue.name, until_ms, first=first)
            if agent is None:
                return None
            who = {"queue": queue.name, "agent": agent.id, "team": agent.team.name}
            self.say(contact, "offered", **who)
            lets_ring = self.chance(MISSED)
            up_ms = engine.now_ms + RING_LIMIT_MS if lets_ring else self.after(ring_s)
            yield min(up_ms, until_ms)
            if up_ms > until_ms:
                contact.rang = True
                self.say(contact, "missed", cause="caller_left", **who)
                self.floor.release(agent, contact)
                return None
            if not lets_ring:
                self.say(contact, "answered", site=agent.team.site, **who)
                self.floor.show(agent, contact, "on_contact")
                return agent
            self.say(contact, "missed", cause="no_answer", **who)
            self.floor.miss(agent, contact)
            yield engine.now_ms + BREATH_MS
            first = True

    def finish(self, agent: Agent, contact: Contact, queue: Queue) -> None:
        """Begins the agent's wrap-up; the contact's story goes on without him."""
        self.floor.show(agent, contact, "wrap_up")
        self.engine.start(self._wrap_up(agent, contact, queue))

    def _wrap_up(self, agent: Agent, contact: Contact, queue: Queue) -> Life:
        began_ms = self.engine.now_ms
        yield self.after(queue.wrap_s)
        took_s = (self.engine.now_ms - began_ms) / 1000
        self.say(contact, "wrapped", agent=agent.id, team=agent.team.name, wrap_s=took_s)
        yield self.engine.now_ms + BREATH_MS
        self.floor.release(agent, contact)

    def survey(self, contact: Contact) -> Life:
        """Asks some customers how it was; some answer, some time later."""
        if not self.chance(SURVEYED):
            return
        yield self.after(90)
        self._ask(contact, "survey.sent", kind="csat")
        if self.chance(ANSWERS_SURVEY):
            yield self.after(1500)
            score = self.dice.choice(SCORES)
            scale = {"scale_min": 1, "scale_max": 5, "higher_is_better": True}
            self._ask(contact, "survey.answered", kind="csat", score=score, **scale)

    def _ask(self, contact: Contact, what: str, /, **data: object) -> None:
        self.out.put(self.engine.now_ms, contact.feed, what, contact.id, data)


Talk = Generator[int, Agent | None, None]
