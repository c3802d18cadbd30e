"""The floor: agents with skills, contacts in line, and who gets whom.

A contact goes to the agent who has been free longest among those with the skill and a place left;
an agent who gets free takes the contact that has waited longest in the first of his queues where
one waits. One call or one ticket at a time, or several chats. Whoever wants to leave (a break, the
end of the shift) gets nothing new and leaves when the last contact is done. Every change of an
agent is said, with all that he holds.
"""

from collections import deque
from collections.abc import Generator, Iterable
from typing import Any, Final

from streams.simulator.engine import FOREVER, Engine, Life, Process
from streams.simulator.out import Out
from streams.simulator.plan import Queue, Team

LABELS: Final = ("on_contact", "hold", "wrap_up", "ringing")
"""Of an agent's states the first one is shown."""
NO_ANSWER: Final = "no_answer"
NO_ANSWER_MS: Final = 45_000
Patient = Generator[int, "Agent | None", "Agent | None"]


class Contact:
    """A conversation, and what is known of it from the beginning."""

    __slots__ = ("about", "channel", "feed", "freed", "id", "rang", "replied")

    def __init__(self, id: str, channel: str, feed: str, about: dict[str, Any]) -> None:
        self.id, self.channel, self.feed, self.about = id, channel, feed, about
        self.rang = False
        """Whether the customer left while it rang."""
        self.freed = False
        """Whether the line was cleared while it waited."""
        self.replied = False
        """Whether an agent has answered the ticket."""


class Agent:
    """A person at work."""

    __slots__ = (
        "free_since", "holds", "id", "presence", "process", "queues", "reason", "team",
        "wants_away",
    )  # fmt: skip

    def __init__(self, id: str, team: Team, queues: list[str]) -> None:
        self.id, self.team, self.queues = id, team, queues
        self.presence, self.reason = "offline", ""
        self.holds: dict[str, tuple[Contact, str]] = {}
        """contact → (contact, what it does): ringing, on_contact, hold, wrap_up."""
        self.wants_away = False
        self.process: Process | None = None
        """Who waits for the last contact to be done."""
        self.free_since = 0

    def takes(self, channel: str) -> bool:
        """Whether he can be given one more contact."""
        if self.presence != "available" or self.wants_away:
            return False
        if not self.holds:
            return True
        chatting = channel == "chat" and len(self.holds) < self.team.chats
        return chatting and all(c.channel == "chat" for c, _ in self.holds.values())

    @property
    def label(self) -> str:
        """The state that stands for all."""
        states = {state for _, state in self.holds.values()}
        return next((label for label in LABELS if label in states), self.presence)


class InLine:
    """A contact that waits for an agent."""

    __slots__ = ("contact", "gone", "process")

    def __init__(self, contact: Contact, process: Process) -> None:
        self.contact, self.process = contact, process
        self.gone = False


class Floor:
    """Lines and agents."""

    def __init__(self, engine: Engine, out: Out, queues: Iterable[Queue]) -> None:
        self._engine, self._out = engine, out
        self._lines: dict[str, deque[InLine]] = {q.name: deque() for q in queues}
        self._skilled: dict[str, dict[Agent, None]] = {q.name: {} for q in queues}
        """queue → agents who are there and have the skill."""
        self._stalled: set[str] = set()

    # -- contacts

    def find(self, contact: Contact, queue: str, until_ms: int, *, first: bool) -> Patient:
        """Waits for an agent and returns him, ringing; None when nobody came until then."""
        able = [a for a in self._skilled[queue] if a.takes(contact.channel)]
        if able and queue not in self._stalled:
            agent = min(able, key=lambda a: (len(a.holds), a.free_since))
            self.show(agent, contact, "ringing")
            return agent
        place = InLine(contact, self._engine.current)
        line = self._lines[queue]
        (line.appendleft if first else line.append)(place)
        found = yield until_ms
        place.gone = found is None
        return found

    def stall(self, queue: str) -> None:
        """Lets nobody be answered in a queue: its telephones are out of order."""
        self._stalled.add(queue)

    def resume(self, queue: str) -> None:
        """Lets people be answered again; whoever waits leaves the line at once."""
        self._stalled.discard(queue)
        line = self._lines[queue]
        while line:
            place = line.popleft()
            if not place.gone:
                place.contact.freed = True
                self._engine.wake(place.process)

    def show(self, agent: Agent, contact: Contact, state: str) -> None:
        """Says what an agent does with a contact."""
        agent.holds[contact.id] = (contact, state)
        self.say(agent)

    def release(self, agent: Agent, contact: Contact) -> None:
        """Ends an agent's work on a contact: he takes the next one, or leaves if he wants to."""
        del agent.holds[contact.id]
        agent.free_since = self._engine.now_ms
        if agent.wants_away and not agent.holds and agent.process is not None:
            self._engine.wake(agent.process)
            return
        self.say(agent)
        self._serve(agent)

    def miss(self, agent: Agent, contact: Contact) -> None:
        """Takes a ringing contact from an agent who does not answer, and him off for a while."""
        if agent.wants_away or len(agent.holds) > 1:
            self.release(agent, contact)
            return
        del agent.holds[contact.id]
        self.step_out(agent, "paused", NO_ANSWER)
        self._engine.start(self._return(agent))

    def _return(self, agent: Agent) -> Life:
        yield self._engine.now_ms + NO_ANSWER_MS
        if agent.reason == NO_ANSWER:
            self.arrive(agent)

    def _serve(self, agent: Agent) -> None:
        while (place := self._next_for(agent)) is not None:
            self._engine.wake(place.process, agent)
            self.show(agent, place.contact, "ringing")

    def _next_for(self, agent: Agent) -> InLine | None:
        for queue in agent.queues:
            line = self._lines[queue]
            while line and line[0].gone:
                line.popleft()
            if line and queue not in self._stalled and agent.takes(line[0].contact.channel):
                return line.popleft()
        return None

    # -- agents

    def arrive(self, agent: Agent) -> None:
        """An agent is free from now on."""
        for queue in agent.queues:
            self._skilled[queue][agent] = None
        agent.wants_away, agent.presence, agent.reason = False, "available", ""
        agent.free_since = self._engine.now_ms
        self.say(agent)
        self._serve(agent)

    def leave(self, agent: Agent, presence: str, reason: str) -> Generator[int, Agent | None, None]:
        """Waits until the agent's contacts are done, and takes him off."""
        agent.wants_away = True
        if agent.holds:
            agent.process = self._engine.current
            yield FOREVER
        agent.process = None
        self.step_out(agent, presence, reason)

    def step_out(self, agent: Agent, presence: str, reason: str) -> None:
        """Takes an agent without contacts off at once."""
        for queue in agent.queues:
            self._skilled[queue].pop(agent, None)
        agent.presence, agent.reason = presence, reason
        self.say(agent)

    def say(self, agent: Agent) -> None:
        """Says all that an agent does: nothing is inherited from the event before."""
        data: dict[str, Any] = {
            "state": agent.label,
            "team": agent.team.name,
            "site": agent.team.site,
            "queues": agent.queues,
            "capacity": agent.team.chats,
        }
        if agent.reason:
            data["reason"] = agent.reason
        if agent.holds:
            data["contacts"] = [
                {"contact": c.id, "channel": c.channel, "state": state}
                for c, state in agent.holds.values()
            ]
        self._out.put(self._engine.now_ms, "agents", "agent.state", agent.id, data)
