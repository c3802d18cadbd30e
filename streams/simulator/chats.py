"""The story of a chat: a bot first, then an agent who has other chats at the same time."""

from typing import Final

from streams.simulator.desk import BREATH_MS, Desk, Talk
from streams.simulator.engine import Life
from streams.simulator.floor import Agent, Contact
from streams.simulator.plan import Queue

RING_S: Final = 7.0
BOT_FIRST: Final = 0.6
BOT_SOLVES: Final = 0.25
BOT_S: Final = 25.0
FIRST_MESSAGE_S: Final = 9.0
TURN_S: Final = 95.0
"""A question and its answer, on average, while the agent has no other chat."""
REPLY: Final = 0.45
"""The agent's part of a turn."""
PER_OTHER_CHAT: Final = 0.2
"""How much slower each other chat makes him."""
SILENT: Final = 0.1
SILENCE_S: Final = 180.0


class Chats:
    """How chats live."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def chat(self, contact: Contact, queue: Queue) -> Life:
        """A chat, from the first message to the survey."""
        desk = self._desk
        desk.create(contact)
        yield desk.after(FIRST_MESSAGE_S)
        desk.say(contact, "message", author="customer")
        if desk.chance(BOT_FIRST):
            yield desk.after(BOT_S)
            desk.say(contact, "message", author="bot")
            yield desk.after(BOT_S)
            if desk.chance(BOT_SOLVES):
                desk.say(contact, "resolved", by="bot", first_contact=True)
                yield desk.engine.now_ms + BREATH_MS
                desk.say(contact, "ended", by="system")
                return
        yield desk.engine.now_ms + BREATH_MS
        desk.say(contact, "queued", queue=queue.name)
        patience_ms = int(1000 * desk.dice.expovariate(1 / queue.patience_s)) + 1
        until_ms = desk.engine.now_ms + patience_ms
        agent = yield from desk.reach(contact, queue, until_ms, RING_S)
        if agent is None:
            desk.say(contact, "abandoned", phase="ring" if contact.rang else "queue")
            return
        yield from self._converse(agent, contact, queue)
        desk.finish(agent, contact, queue)
        desk.engine.start(desk.survey(contact))

    def _converse(self, agent: Agent, contact: Contact, queue: Queue) -> Talk:
        desk = self._desk
        for _ in range(max(1, round(desk.dice.gauss(queue.talk_s / TURN_S, 2)))):
            others = len(agent.holds) - 1
            yield desk.after(TURN_S * REPLY * (1 + PER_OTHER_CHAT * others))
            desk.say(contact, "message", author="agent", agent=agent.id, public=True)
            yield desk.after(TURN_S * (1 - REPLY))
            desk.say(contact, "message", author="customer")
        if desk.chance(SILENT):
            yield desk.after(SILENCE_S)
            desk.say(contact, "ended", by="system")
        else:
            yield desk.after(TURN_S * REPLY)
            desk.say(contact, "ended", by=desk.dice.choice(("customer", "agent")))
