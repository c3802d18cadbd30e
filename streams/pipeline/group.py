"""The consumer group follows the store: its offsets are for its lag, and prove who owns a source.

A source that the store has refused may be claimed again only after the group has taken a commit
of its last stored offset: so a worker that is cut off from Kafka leaves the rightful owner alone.
"""

import asyncio
from collections.abc import Mapping

from faust.types import TP

from streams.chunks import Log
from streams.source import Source
from streams.store import Owner


class Group:
    """Commits to the consumer group what the store has, a moment later."""

    def __init__(self, log: Log, sources: Mapping[TP, Source], pause_s: float) -> None:
        """`sources`: those that are ours now; the mapping lives."""
        self._log, self._sources, self._pause_s = log, sources, pause_s
        self._due = asyncio.Event()
        self.refused: dict[TP, Owner] = {}
        """Owners that the store has refused and nobody has followed yet."""

    def due(self) -> None:
        """Says that there is something that the group may not have."""
        self._due.set()

    def refuse(self, tp: TP, owner: Owner) -> None:
        """Notes an owner that the store has refused."""
        self.refused[tp] = owner
        self.due()

    def may_claim(self, tp: TP) -> bool:
        """False while the group has not agreed that a source that was refused is still ours."""
        owner = self.refused.get(tp)
        return owner is None or owner.may_claim

    def claimed(self, tp: TP) -> None:
        """Notes a new owner: its offset is committed at once."""
        self.refused.pop(tp, None)
        self.due()

    async def run(self) -> None:
        """Commits whenever something is due, again until the group takes it."""
        while True:
            await self._due.wait()
            self._due.clear()
            if not await self.commit():
                self.due()
            await asyncio.sleep(self._pause_s)

    async def commit(self) -> bool:
        """Commits what the group does not have yet; False if it does not take it."""
        owners = {tp: source.owner for tp, source in self._sources.items()} | self.refused
        wanted = {tp: to for tp, owner in owners.items() if (to := owner.to_group()) is not None}
        if wanted and not await self._log.commit_group({tp: to.next for tp, to in wanted.items()}):
            return False
        for tp, to in wanted.items():
            owners[tp].in_group(to)
        return True
