"""The leader: of all replicas one decides, tick by tick, and stores each tick whole.

Theory of operation. A tick renews the lease first. Its answer says who leads: another epoch than
that of what is held means that somebody else has led meanwhile, so everything is loaded anew, and
the tick after that goes on from it. Then the tick is decided (`deciding`) and committed. Where no
answer came, nobody knows whether it was stored: the same commit is sent again, before anything else
is decided, until it is answered. A commit that is refused ends what is held.

So a leader that was frozen does no harm when it wakes: what it sends carries the epoch of before.
It sleeps nowhere and asks no clock but that of Redis.
"""

import logging
from collections.abc import Sequence

from alerting import shown
from alerting.acts import ActRecord
from alerting.core.view import BoardView
from alerting.deciding import Decided, Parts, decide
from alerting.store import AlertStore, Commit, Held

log = logging.getLogger("pouls.alerts")


class Leader:
    """One replica that would lead.

    Attributes:
        fenced: How many commits were refused.
        found: What the auditor said at the last tick: open episodes without a next step.
        last: The last tick that was stored; `None` = none yet.
    """

    def __init__(self, store: AlertStore, owner: str, parts: Parts) -> None:
        """Makes a replica that does not lead yet.

        Args:
            store: The memory.
            owner: One life of one process: nobody else says the same.
            parts: Rules, and who is told.
        """
        self._store, self._owner, self._parts = store, owner, parts
        self._held: Held | None = None
        self._flight: Decided | None = None
        self._shown: shown.Shown | None = None
        self.fenced = 0
        self.found: Sequence[str] = ()
        self.last: Commit | None = None

    @property
    def leading(self) -> bool:
        """Whether it led at the last tick."""
        return self._held is not None

    @property
    def held(self) -> Held | None:
        """What was stored last; `None` = it does not lead."""
        return self._held

    @property
    def acts(self) -> int | None:
        """The next offset of the topic `acts` to read; `None` = it does not lead."""
        return None if self._held is None else self._held.acts

    @property
    def empty(self) -> bool:
        """Whether it leads with an empty memory: then a tick needs all acts that there are."""
        return self._held is not None and not self._held.born_ms

    @property
    def unnoted(self) -> bool:
        """Whether an act of kind `started` is to be written: this memory has begun."""
        held = self._held
        return held is not None and held.born_ms > 0 and not held.noted

    def use(self, parts: Parts) -> None:
        """Goes on with other rules: what is held stays."""
        self._parts = parts
        self._shown = None

    async def tick(
        self, view: BoardView, acts: Sequence[tuple[int, ActRecord]] | None = None
    ) -> bool:
        """Leads for a tick, if it can; returns whether it leads.

        A tick that finds that it leads from now on only loads: read the acts from `acts` on then.

        Args:
            view: The numbers.
            acts: What was read of the topic from `acts` on, with offsets, everything where `empty`
                says so; `None` = nobody knows: with an empty memory nothing is decided then.

        Raises:
            StoreAway: nobody knows whether it still leads; tick again.
        """
        lease = await self._store.renew(self._owner)
        if self._held is None or lease.epoch != self._held.epoch:
            self._drop()
            if lease.epoch is not None:
                self._held = await self._store.load(lease.epoch)
            return self.leading
        if self._flight is not None and not await self._send(self._flight):
            return False
        if self.empty and acts is None:
            return True
        decided = decide(
            self._parts, self._held, view, acts or (), lease.clock_ms, self._shown,
            mend=bool(self.found),
        )  # fmt: skip
        return await self._send(decided)

    async def resign(self) -> None:
        """Lets another lead.

        Raises:
            StoreAway: nobody knows whether it happened; the lease ends by itself.
        """
        self._drop()
        await self._store.resign(self._owner)

    async def _send(self, decided: Decided) -> bool:
        """Commits a tick; returns whether it still leads."""
        self._flight = decided
        if not await self._store.commit(decided.commit):
            self.fenced += 1
            log.warning("somebody else leads: a commit of epoch %d was refused", self._held_epoch)
            self._drop()
            return False
        self._flight, self._held, self._shown = None, decided.held, decided.shown
        self.last = decided.commit
        for sentence in set(decided.found) - set(self.found):
            log.error("alerts: %s", sentence)
        self.found = decided.found
        return True

    @property
    def _held_epoch(self) -> int:
        return 0 if self._held is None else self._held.epoch

    def _drop(self) -> None:
        self._held = self._flight = self._shown = None
