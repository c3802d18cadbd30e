"""The story of a ticket: worked on for minutes, open for days."""

from collections.abc import Generator
from typing import Final

from streams.simulator.desk import BREATH_MS, Desk
from streams.simulator.engine import FOREVER, Life
from streams.simulator.floor import Agent, Contact
from streams.simulator.plan import Queue

OPENS_S: Final = 2.0
SLA: Final = "first_reply"
FIRST_REPLY_S: Final = 3600
SOLVED_AT_ONCE: Final = 0.4
WAITS_FOR_PARTS: Final = 0.3
SOLVED_LATER: Final = 0.6
REOPENED: Final = 0.07
COMES_BACK_S: Final = {"pending": 7 * 3600.0, "hold": 26 * 3600.0, "solved": 20 * 3600.0}
"""After so long, on average, the customer answers, the part comes, the fault is back."""
CLOSED_AFTER_MS: Final = 48 * 3_600_000


class Tickets:
    """How tickets live."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def ticket(self, contact: Contact, queue: Queue) -> Life:
        """A ticket, from its creation to the day when it is closed for good."""
        desk = self._desk
        desk.create(contact)
        yield desk.after(OPENS_S)
        desk.say(contact, "message", author="customer", public=True)
        desk.say(contact, "status", to="new")
        due_ms = desk.engine.now_ms + FIRST_REPLY_S * 1000
        desk.say(contact, "sla", metric=SLA, action="apply", target_s=FIRST_REPLY_S)
        desk.engine.start(self._first_reply_due(contact, due_ms))
        status, solved = "new", SOLVED_AT_ONCE
        while True:
            yield desk.engine.now_ms + BREATH_MS
            status = yield from self._work(contact, queue, status, solved, due_ms)
            if status == "solved" and not desk.chance(REOPENED):
                break
            yield from self._comes_back(contact, status)
            status, solved = "open", SOLVED_LATER
        yield desk.engine.now_ms + CLOSED_AFTER_MS
        desk.say(contact, "status", **{"from": "solved", "to": "closed"})

    def _work(
        self, contact: Contact, queue: Queue, status: str, solved: float, due_ms: int
    ) -> Generator[int, Agent | None, str]:
        """One time in an agent's hands; returns the ticket's status after it."""
        desk = self._desk
        desk.say(contact, "queued", queue=queue.name)
        agent = yield from desk.reach(contact, queue, FOREVER, OPENS_S)
        assert agent is not None  # a ticket's patience has no end
        if status != "open":
            desk.say(contact, "status", **{"from": status, "to": "open"})
        yield desk.after(queue.talk_s)
        desk.say(contact, "message", author="agent", agent=agent.id, public=True)
        after = "solved" if desk.chance(solved) else self._unsolved()
        desk.say(contact, "status", **{"from": "open", "to": after})
        if after == "solved":
            desk.say(contact, "solved", agent=agent.id)
        if not contact.replied and desk.engine.now_ms <= due_ms:
            desk.say(contact, "sla", metric=SLA, action="fulfil")
        contact.replied = True
        yield desk.engine.now_ms + BREATH_MS
        desk.say(contact, "ended", by="agent")
        desk.floor.release(agent, contact)
        return after

    def _unsolved(self) -> str:
        return "hold" if self._desk.chance(WAITS_FOR_PARTS) else "pending"

    def _comes_back(self, contact: Contact, status: str) -> Life:
        """Waits for the customer or the spare part; a solved ticket is opened again."""
        desk = self._desk
        yield desk.after(COMES_BACK_S[status])
        if status != "hold":
            desk.say(contact, "message", author="customer", public=True)
        desk.say(contact, "status", **{"from": status, "to": "open"})
        if status == "solved":
            desk.say(contact, "reopened")

    def _first_reply_due(self, contact: Contact, due_ms: int) -> Life:
        yield due_ms
        if not contact.replied:
            self._desk.say(contact, "sla", metric=SLA, action="breach")
