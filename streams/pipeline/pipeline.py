"""Folds what the transport brings and stores what was folded: the order in which nothing gets lost.

Theory of operation
-------------------
fold → dead letters acknowledged → commit to the store → commit to the consumer group. The state's
offset, stored with the state, says where to go on; the group's only follows, for its lag.

A source (`Source`) is ours from its claim until the partition is revoked or the store refuses us.
Each has a task that commits (`Commits`); two more serve all: `Group` tells the group, `Beats` say
that we live. Refused means that somebody else has claimed the source, or that Redis lost data: the
ledger is worthless and dropped, and the source claimed again when `Group` allows it.

The transport asks for positions (`positions`), agents hand in chunks (`process`), the app tells
revocations (`revoke`). Whatever nobody expected goes to `fail`, which ends the process.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Final

from faust.types import TP

from streams.chunks import Bounds, Chunk, Log, Position
from streams.core.errors import PoulsError
from streams.core.ledger import Ledger
from streams.deadletters import DeadLetters
from streams.pipeline.beats import Beats
from streams.pipeline.commits import Commits
from streams.pipeline.group import Group
from streams.routing import partition_of
from streams.settings import Settings
from streams.source import Source
from streams.store import Owner, SettingsOlder, Store, StoreAway
from streams.telemetry import Telemetry

HANDOVER_S: Final = 3.0
"""How long a revocation waits for the last commit: it only saves others from folding again."""
CLAIM_AGAIN_S: Final = 0.2
_FIXED: Final = (
    "The number is fixed, because a contact must stay with its source: create new topics with as "
    "many partitions as you need, and replay the events into them."
)

log = logging.getLogger("pouls.pipeline")


class Stopped(PoulsError):
    """Something that only people can put right; the text says what."""


class Pipeline:
    """The sources of this worker."""

    def __init__(
        self,
        settings: Settings,
        kafka: Log,
        store: Store,
        dead_letters: DeadLetters,
        telemetry: Telemetry,
        fail: Callable[[BaseException], None],
        *,
        check_log: bool = True,
    ) -> None:
        """`check_log` False: a log that was re-created is not noticed (embedded broker)."""
        self._settings, self._kafka, self._store = settings, kafka, store
        self._telemetry, self.fail, self._check_log = telemetry, fail, check_log
        self._sources: dict[TP, Source] = {}
        self.term = 0
        """Counts the revocations: a claim that ends in another term is void."""
        self._leaving = self._assigned = False
        self._tasks: set[asyncio.Task[None]] = set()
        interval_s = settings.commit_interval_s
        self.group = Group(kafka, self._sources, interval_s)
        self._beats = Beats(kafka, store, self._sources, telemetry, self._lose)
        self._commits = Commits(
            store, dead_letters, telemetry, interval_s, self.group.due, self._lose
        )

    def start(self) -> None:
        """Starts the tasks that serve all sources."""
        self._spawn(self.group.run())
        self._spawn(self._beats.run())

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()):
            self.fail(failure)

    @property
    def unready(self) -> str:
        """What keeps us from folding, or ""."""
        if not self._assigned:
            return "no partitions are assigned yet"
        return ", ".join(
            sorted(f"{owner.source} was refused" for owner in self.group.refused.values())
        )

    def assigned(self) -> None:
        """Notes that the group has given us partitions, be it none."""
        self._assigned = True

    # ---- where to go on (streams.chunks.Feed)

    async def positions(self, bounds: Mapping[TP, Bounds]) -> dict[TP, Position]:
        """Returns where to go on, for the sources that are or could be claimed."""
        if self._leaving:
            return {}
        found = await asyncio.gather(*(self._position(tp, b) for tp, b in bounds.items()))
        return {tp: to for tp, to in zip(bounds, found, strict=True) if to is not None}

    async def _position(self, tp: TP, bounds: Bounds) -> Position | None:
        source = self._sources.get(tp) or await self._claim(tp, bounds)
        if source is None:
            return None
        source.end = bounds.end
        folded = source.owner.folded
        if self._check_log and folded + 1 > bounds.end:
            self.recreated(tp, folded)
            return None
        if folded + 1 < bounds.begin:
            lost = source.lose(bounds.begin)
            self._telemetry.gaps.labels(tp.topic).inc(lost)
            log.error(
                "the log begins later: offsets are lost", extra={**source.where, "lost": lost}
            )
        return source.position(bounds.begin, prove=self._check_log)

    def recreated(self, tp: TP, offset: int) -> None:
        """Ends the worker: the log is not the one whose events were folded."""
        self.fail(
            Stopped(
                f"Topic {tp.topic}, partition {tp.partition}: offset {offset} is not the record "
                "that was folded. The topic was re-created or cut off at its end. What is stored "
                "belongs to the old log: delete the source's keys in Redis to fold the new one."
            )
        )

    async def _claim(self, tp: TP, bounds: Bounds) -> Source | None:
        """Claims and loads a source; None = not now, ask again."""
        if tp.partition >= self._settings.topics[tp.topic].partitions:
            self.fail(Stopped(f"Topic {tp.topic} was given more partitions. {_FIXED}"))
            return None
        if not self.group.may_claim(tp):
            return None
        term = self.term
        try:
            source = await self._load(tp, bounds)
        except SettingsOlder as exc:
            self.fail(Stopped(str(exc)))
            return None
        except StoreAway as exc:
            self._telemetry.retries.labels("claim").inc()
            log.warning("cannot claim, trying again: %s", exc, extra={"source": _name(tp)})
            await asyncio.sleep(CLAIM_AGAIN_S)
            return None
        if term != self.term:
            return None
        self._sources[tp] = source
        self.group.claimed(tp)
        self._spawn(self._commits.run(source))
        self._telemetry.claims.labels(tp.topic).inc()
        log.info("claimed", extra=source.where)
        return source

    async def _load(self, tp: TP, bounds: Bounds) -> Source:
        settings, name = self._settings, _name(tp)
        claimed = await self._store.claim(
            name, settings.settings_hash, settings.config_since, bounds.begin, bounds.end
        )
        visible, facts = await self._store.load(name, claimed)
        topic = settings.topics[tp.topic]

        def is_mine(agent: str) -> bool:
            return partition_of(agent.encode(), topic.partitions) == tp.partition

        ledger = Ledger(settings.fold, topic.channel, settings.roster, is_mine)
        ledger.load(visible, facts.items())
        return Source(tp, ledger, Owner(name, claimed))

    # ---- folding

    def folded(self, tp: TP) -> int:
        """Returns up to which offset a partition is folded; -1 if it is not ours."""
        source = self._sources.get(tp)
        return -1 if source is None else source.owner.folded

    async def process(self, chunk: Chunk) -> None:
        """Folds a chunk, or has it read again if it does not follow what was folded."""
        source = self._sources.get(chunk.tp)
        if source is not None:
            await source.room.wait()
        if source is None or not source.takes(chunk):
            self._telemetry.refused_chunks.labels(chunk.tp.topic).inc()
            self._kafka.refuse(chunk)
            return
        try:
            letters = source.fold(chunk)
        except BaseException:
            self._drop(source)  # folded by half: must never be stored
            raise
        topic = chunk.tp.topic
        self._telemetry.folded(topic, len(chunk.records), [letter.reason for letter in letters])

    # ---- losing

    def _lose(self, source: Source) -> None:
        """Drops a source that the store has refused; it is claimed again when it is sought."""
        if self._sources.get(source.tp) is not source:
            return
        self._telemetry.refused_commits.labels(source.tp.topic).inc()
        log.warning("refused by the store, claiming again", extra=source.where)
        self.group.refuse(source.tp, source.owner)
        self._drop(source)
        self._kafka.request_seek(source.tp)

    def _drop(self, source: Source) -> None:
        source.disown()
        self._sources.pop(source.tp, None)
        self._telemetry.forget(source.name)

    # ---- leaving

    async def revoke(self) -> None:
        """Stores what is folded, if that is quick, and lets all sources go."""
        self.term += 1
        sources = list(self._sources.values())
        for source in sources:
            source.folding = False
            source.due.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(HANDOVER_S):
                await asyncio.gather(*(source.settled.wait() for source in sources))
        await self.group.commit()
        for source in sources:
            self._drop(source)
        self.group.refused.clear()

    async def close(self) -> None:
        """Stores what is folded and ends all tasks."""
        self._leaving = True
        await self.revoke()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _name(tp: TP) -> str:
    return f"{tp.topic}-{tp.partition}"
