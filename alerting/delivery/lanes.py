"""One lane an address: in a lane one after the other, all lanes at the same time.

So an address that is slow keeps nobody else waiting, and nobody hears of an end before the
beginning. What has come to a lane while it was busy is handed on together.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

J = TypeVar("J")


class Lanes(Generic[J]):
    """Lanes that are there while something is in them.

    Args:
        work: Deals with what is in a lane; raises nothing.
    """

    def __init__(self, work: Callable[[str, list[J]], Awaitable[None]]) -> None:
        self._work = work
        self._waiting: dict[str, list[J]] = {}
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._quiet = asyncio.Event()
        self._quiet.set()
        self.size = 0
        """How much is in all lanes, and being dealt with."""

    def put(self, lane: str, job: J) -> None:
        """Puts something into a lane."""
        self.size += 1
        self._quiet.clear()
        self._waiting.setdefault(lane, []).append(job)
        if lane not in self._busy:
            self._busy[lane] = asyncio.create_task(self._run(lane), name=f"lane {lane}")

    async def idle(self) -> None:
        """Returns once nothing is in any lane."""
        await self._quiet.wait()

    async def stop(self) -> None:
        """Gives up what is in the lanes."""
        tasks = list(self._busy.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, lane: str) -> None:
        try:
            while jobs := self._waiting.pop(lane, []):
                try:
                    await self._work(lane, jobs)
                finally:
                    self._taken(len(jobs))
        finally:
            self._taken(len(self._waiting.pop(lane, [])))
            del self._busy[lane]

    def _taken(self, n: int) -> None:
        self.size -= n
        if not self.size:
            self._quiet.set()
