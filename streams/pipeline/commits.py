"""Stores what a source has folded: letters first, one commit in flight, the same until answered."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from aiokafka.errors import KafkaError

from streams.deadletters import DeadLetters, Letter
from streams.retry import until_answered
from streams.source import Source
from streams.store import Store, StoreAway, Verdict
from streams.telemetry import Telemetry

log = logging.getLogger("pouls.commits")
CATCHING_UP: Final = 10
"""So many intervals a source that lags may collect records for one commit: larger commits cost less
a record, and nobody waits for fresh numbers then."""


class Commits:
    """The commits of all sources of this worker."""

    def __init__(
        self,
        store: Store,
        dead_letters: DeadLetters,
        telemetry: Telemetry,
        interval_s: float,
        done: Callable[[], None],
        refused: Callable[[Source], None],
    ) -> None:
        """`done` is called after each commit, `refused` where the store refuses one."""
        self._store, self._dead_letters = store, dead_letters
        self._telemetry, self._interval_s = telemetry, interval_s
        self._done, self._refused = done, refused

    async def run(self, source: Source) -> None:
        """Commits what a source has folded, again and again, until it is not ours any more."""
        while source.ours:
            patience = CATCHING_UP if source.behind else 1
            with suppress(TimeoutError):
                async with asyncio.timeout(self._interval_s * patience):
                    await source.due.wait()
            if source.ours:
                source.due.clear()
                await self._commit(source)

    async def _commit(self, source: Source) -> None:
        offered = source.commit()
        if offered is None:
            return
        commit, letters = offered
        if letters and not await self._bury(source, letters):
            return
        began = time.perf_counter()
        code = await until_answered(
            f"commit of {source.name}",
            lambda: self._store.commit(source.name, commit),
            (StoreAway,),
            lambda: source.ours,
            self._telemetry.retries.labels("commit").inc,
        )
        if code is None or not source.ours:
            return
        match source.replied(commit, code):
            case Verdict.REFUSED:
                self._refused(source)
            case Verdict.DONE:
                self._done()
                self._note(source, time.perf_counter() - began)
            case Verdict.LATE:
                pass

    async def _bury(self, source: Source, letters: list[Letter]) -> bool:
        """Returns True when the broker has acknowledged the dead letters."""

        async def send() -> bool:
            await self._dead_letters.send(letters)
            return True

        return bool(
            await until_answered(
                f"dead letters of {source.name}",
                send,
                (KafkaError, OSError),
                lambda: source.ours,
                self._telemetry.retries.labels("dead_letters").inc,
            )
        )

    def _note(self, source: Source, seconds: float) -> None:
        topic, told = source.tp.topic, self._telemetry
        told.commits.labels(topic).inc()
        told.commit_seconds.observe(seconds)
        more = source.counted()
        if more.get("misplaced") == source.ledger.counts["misplaced"] > 0:  # the first ones
            log.warning(
                "agents in a partition that is not their id's: is it the key, and the partitioner "
                "murmur2? What lies elsewhere of them is not put together",
                extra=source.where,
            )
        told.counted(topic, more)
        told.uncommitted.labels(source.name).set(source.uncommitted)
        told.source_time.labels(source.name).set(source.ledger.top_ms / 1000)
