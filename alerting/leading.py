"""Ticks: the numbers are taken in and the leader goes on, once a second, as long as the store does.

What is asked of this from outside is whether all is well, in two ways. `trouble` is about this
process: whether it does what a replica has to do. `silence` is about the whole: why no heartbeat
may be sent, for only who decides, and has just stored what he decided on fresh numbers, knows.
"""

import asyncio
import logging
import time
import uuid
from collections import Counter
from typing import Final

from alerting.acts import ActRecord, ActsAway, ActWriter
from alerting.deciding import STARTED
from alerting.heartbeat import FOLLOWS
from alerting.inbox import Inbox
from alerting.leader import Leader
from alerting.metrics import AlertMetrics
from alerting.numbers import Numbers
from alerting.store import StoreAway

TICK_S: Final = 1.0
LATE_S: Final = 10.0
"""Longer than this nothing may take."""
NOTE_S: Final = 5.0
"""How often is tried to note that a memory has begun."""

log = logging.getLogger("pouls.alerts")


class Leading:
    """One replica: it leads, or it is ready to.

    Args:
        numbers: What rules look at.
        leader: Decides, if it may.
        inbox: What people did.
        writer: Notes that a memory has begun.
        metrics: Counts.
        tick_s: Seconds between two ticks.
    """

    def __init__(
        self,
        numbers: Numbers,
        leader: Leader,
        inbox: Inbox,
        writer: ActWriter,
        metrics: AlertMetrics,
        tick_s: float = TICK_S,
    ) -> None:
        self._numbers, self._leader = numbers, leader
        self._inbox, self._writer, self._metrics = inbox, writer, metrics
        self._tick_s = tick_s
        self._answered_s = self._committed_s = time.monotonic()
        self._last = leader.last
        self._fenced = 0
        self._away = self._led = False

    # -- how it is

    @property
    def trouble(self) -> str:
        """Why this replica does not do its work, or ""."""
        now = time.monotonic()
        if self._away and now - self._answered_s > LATE_S:
            return f"Redis has not answered for {now - self._answered_s:.0f} s"
        late_s = now - self._committed_s
        if self._leader.leading and late_s > LATE_S:
            return f"nothing was stored for {late_s:.0f} s"
        return ""

    @property
    def silence(self) -> str:
        """Why nobody may be told that all is well, or ""."""
        if not self._leader.leading or self._last is None:
            return FOLLOWS
        return self.trouble or self._numbers.trouble or ("Redis is away" if self._away else "")

    # -- what it does

    async def run(self) -> None:
        """Ticks for ever; ticks that a busy process missed are left out."""
        due = time.monotonic()
        while True:
            due = max(due + self._tick_s, time.monotonic())
            await asyncio.sleep(due - time.monotonic())
            await self.tick()

    async def tick(self) -> None:
        """Makes one tick."""
        began = time.perf_counter()
        self._numbers.step()
        leader = self._leader
        acts = None
        if leader.acts is not None:
            acts = self._inbox.take(leader.acts, everything=leader.empty)
        try:
            leads = await leader.tick(self._numbers, acts)
        except StoreAway as away:
            if not self._away:
                log.warning("%s; nothing is decided until it is back", away)
            self._away = True
            self._metrics.leads(leads=False)
            return
        self._answered(leads)
        self._tell(time.perf_counter() - began)

    def _answered(self, leads: bool) -> None:
        """Takes in that the store has answered, and who leads."""
        if self._away:
            log.warning("Redis answers again")
        self._away, self._answered_s = False, time.monotonic()
        if leads != self._led:
            log.info("this process leads now" if leads else "another process leads now")
            self._committed_s = self._answered_s
            self._last = None
        self._led = leads
        if not leads:
            self._inbox.stop()

    def _tell(self, took_s: float) -> None:
        """Counts what a tick did."""
        leader, metrics = self._leader, self._metrics
        metrics.leads(leader.leading)
        for _ in range(leader.fenced - self._fenced):
            metrics.fenced()
        self._fenced = leader.fenced
        held, commit = leader.held, leader.last
        if held is None or commit is None or commit is self._last:
            return
        self._last, self._committed_s = commit, self._answered_s
        metrics.evaluated(took_s)
        metrics.committed(commit.clock_ms, held.instances, commit.events)
        metrics.audited(len(leader.found))
        metrics.investigations(Counter(one.status for one in held.investigations.values()))

    async def note(self) -> None:
        """Notes in the topic `acts` that a memory has begun, once it has, for ever."""
        while True:
            await asyncio.sleep(NOTE_S)
            if not self._leader.unnoted:
                continue
            now_ms = time.time_ns() // 1_000_000
            record = ActRecord(
                id=uuid.uuid4().hex, kind=STARTED, object="memory", by="pouls", at_ms=now_ms
            )
            try:
                await self._writer.write(record)
            except ActsAway as away:
                log.warning("%s; the beginning of the memory is noted later", away)
