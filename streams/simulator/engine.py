"""Discrete events: lives that say when they want to go on, and a clock that jumps.

A life is a generator. It yields the instant at which it wants to be resumed; somebody else may
`wake` it before, with an agent. So a contact's story is written from top to bottom, and "wait for
an agent, but no longer than this" is one `yield`. The order is fixed by (instant, order of asking):
the same seed gives the same day.
"""

from collections.abc import Generator
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from streams.simulator.floor import Agent

Life = Generator[int, "Agent | None", None]
FOREVER: Final = 1 << 60
"""Resumed only by `wake`."""


def _nothing() -> Life:
    yield FOREVER


class Process:
    """A life under way."""

    __slots__ = ("life", "turn")

    def __init__(self, life: Life) -> None:
        self.life = life
        self.turn = 0
        """Counts the times it asked to be resumed: what it asked before is void."""


class Engine:
    """The clock and what is due."""

    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms
        self.current = Process(_nothing())
        """The process that is running: what another must `wake`."""
        self._due: list[tuple[int, int, Process, int, Agent | None]] = []
        self._asked = 0

    def start(self, life: Life) -> None:
        """Begins a life at this instant."""
        self._ask(self.now_ms, Process(life), None)

    def wake(self, process: Process, agent: "Agent | None" = None) -> None:
        """Resumes a process at this instant; what it was waiting for is void."""
        self._ask(self.now_ms, process, agent)

    def step(self, until_ms: int) -> bool:
        """Resumes the next process that is due before `until_ms`; False when there is none."""
        due = self._due
        while due and due[0][0] < until_ms:
            at_ms, _, process, turn, agent = heappop(due)
            if turn != process.turn:
                continue
            self.now_ms, self.current = at_ms, process
            try:
                next_ms = process.life.send(agent) if turn > 1 else next(process.life)
            except StopIteration:
                process.turn += 1
            else:
                if turn == process.turn:  # nobody woke it meanwhile
                    self._ask(next_ms, process, None)
            return True
        return False

    def _ask(self, at_ms: int, process: Process, agent: "Agent | None") -> None:
        process.turn += 1
        self._asked += 1
        if at_ms < FOREVER:
            at_ms = max(at_ms, self.now_ms)
            heappush(self._due, (at_ms, self._asked, process, process.turn, agent))
