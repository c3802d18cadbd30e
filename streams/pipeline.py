"""Folds what the transport brings and stores what was folded: the order in which nothing gets lost.

Theory of operation
-------------------
fold → dead letters acknowledged → commit to the store → commit to the consumer group. The state's
offset, stored with the state, says where to go on; the group's only follows, for its lag.

A source (`Source`) is ours from its claim until the partition is revoked or the store refuses us.
Each has a task that commits: one commit in flight, the same bytes until there is an answer. Two
more tasks serve all sources: one commits the group, one beats.

Refused (somebody else has claimed, or Redis lost data): the ledger is worthless and dropped. The
next claim is made only after the group has taken a commit of the last stored offset, so that a
worker that is cut off from Kafka does not quarrel with the rightful owner.

The transport asks for positions (`positions`), agents hand in chunks (`process`), the app tells
revocations (`revoke`). Whatever nobody expected goes to `fail`, which ends the process.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Final

from aiokafka.errors import KafkaError
from faust.types import TP

from streams.chunks import Bounds, Chunk, Log, Position
from streams.core.errors import PoulsError
from streams.core.ledger import Ledger
from streams.deadletters import DeadLetters, Letter
from streams.retry import until_answered
from streams.settings import Settings
from streams.source import Source
from streams.store import Owner, SettingsOlder, Store, StoreAway, Verdict
from streams.telemetry import Telemetry

BEAT_S: Final = 1.0
STALLED_BEATS: Final = 20
"""So many beats without progress, though the log has more and there is room: ask for it again."""
HANDOVER_S: Final = 3.0
"""How long a revocation waits for the last commit: it only saves others from folding again."""
CLAIM_AGAIN_S: Final = 0.2
CATCHING_UP: Final = 6
"""So many intervals a source that lags may collect records for one commit: larger commits cost less
a record, and nobody waits for fresh numbers then."""
_FIXED: Final = (
    "The number is fixed, because a contact must stay with its source: create new topics with as "
    "many partitions as you need, and replay the events into them."
)

log = logging.getLogger("pouls.pipeline")


class Stopped(PoulsError):
    """Something that only people can put right; the text says what."""


class Pipeline:
    """The sources of this worker."""

    log: Log
    """Kafka; set before anything else happens."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        dead_letters: DeadLetters,
        telemetry: Telemetry,
        fail: Callable[[BaseException], None],
        *,
        check_log: bool = True,
    ) -> None:
        """`check_log` False: a log that was re-created is not noticed (embedded broker)."""
        self.settings, self.store, self.dead_letters = settings, store, dead_letters
        self.telemetry, self.fail, self._check_log = telemetry, fail, check_log
        self._sources: dict[TP, Source] = {}
        self._refused: dict[TP, Owner] = {}  # may be followed when the group has their offset
        self.term = 0
        """Counts the revocations: a claim that ends in another term is void."""
        self._leaving = self._assigned = False
        self._group_due = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Starts the tasks that serve all sources."""
        self._spawn(self._commit_group())
        self._spawn(self._beat())

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
        return ", ".join(sorted(f"{owner.source} was refused" for owner in self._refused.values()))

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
        folded = source.owner.folded
        if self._check_log and folded + 1 > bounds.end:
            self.recreated(tp, folded)
            return None
        if folded + 1 < bounds.begin:
            lost = source.lose(bounds.begin)
            self.telemetry.gaps.labels(tp.topic).inc(lost)
            log.error("the log begins later: offsets are lost", extra=_of(source, lost=lost))
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
        if tp.partition >= self.settings.topics[tp.topic].partitions:
            self.fail(Stopped(f"Topic {tp.topic} was given more partitions. {_FIXED}"))
            return None
        if not self._may_claim(tp):
            return None
        term = self.term
        try:
            source = await self._load(tp, bounds)
        except SettingsOlder as exc:
            self.fail(Stopped(str(exc)))
            return None
        except StoreAway as exc:
            self.telemetry.retries.labels("claim").inc()
            log.warning("cannot claim, trying again: %s", exc, extra={"source": _name(tp)})
            await asyncio.sleep(CLAIM_AGAIN_S)
            return None
        if term != self.term:
            return None
        self._sources[tp] = source
        self._refused.pop(tp, None)
        self._group_due.set()
        self._spawn(self._commit_source(source))
        self.telemetry.claims.labels(tp.topic).inc()
        log.info("claimed", extra=_of(source))
        return source

    def _may_claim(self, tp: TP) -> bool:
        """False while the group has not agreed that a source that was refused is still ours."""
        refused = self._refused.get(tp)
        return refused is None or refused.may_claim

    async def _load(self, tp: TP, bounds: Bounds) -> Source:
        settings, name = self.settings, _name(tp)
        claimed = await self.store.claim(
            name, settings.settings_hash, settings.config_since, bounds.begin, bounds.end
        )
        visible, facts = await self.store.load(name, claimed)
        ledger = Ledger(settings.fold, settings.topics[tp.topic].channel)
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
            self.telemetry.refused_chunks.labels(chunk.tp.topic).inc()
            self.log.refuse(chunk)
            return
        try:
            letters = source.fold(chunk)
        except BaseException:
            self._drop(source)  # folded by half: must never be stored
            raise
        topic = chunk.tp.topic
        self.telemetry.folded(topic, len(chunk.records), [letter.reason for letter in letters])

    # ---- committing

    async def _commit_source(self, source: Source) -> None:
        """Commits what a source has folded, again and again, until it is not ours any more."""
        interval = self.settings.commit_interval_s
        while source.ours:
            patience = CATCHING_UP if source.behind else 1
            with suppress(TimeoutError):
                async with asyncio.timeout(interval * patience):
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
            lambda: self.store.commit(source.name, commit),
            (StoreAway,),
            lambda: source.ours,
            self.telemetry.retries.labels("commit").inc,
        )
        if code is None or not source.ours:
            return
        match source.replied(commit, code):
            case Verdict.REFUSED:
                self._lose(source)
            case Verdict.DONE:
                self._group_due.set()
                self._note(source, time.perf_counter() - began)
            case Verdict.LATE:
                pass

    async def _bury(self, source: Source, letters: list[Letter]) -> bool:
        """Returns True when the broker has acknowledged the dead letters."""

        async def send() -> bool:
            await self.dead_letters.send(letters)
            return True

        return bool(
            await until_answered(
                f"dead letters of {source.name}",
                send,
                (KafkaError, OSError),
                lambda: source.ours,
                self.telemetry.retries.labels("dead_letters").inc,
            )
        )

    def _note(self, source: Source, seconds: float) -> None:
        topic = source.tp.topic
        self.telemetry.commits.labels(topic).inc()
        self.telemetry.commit_seconds.observe(seconds)
        self.telemetry.counted(topic, source.counted())
        self.telemetry.uncommitted.labels(source.name).set(source.uncommitted)
        self.telemetry.source_time.labels(source.name).set(source.ledger.top_ms / 1000)

    def _lose(self, source: Source) -> None:
        """Drops a source that the store has refused; it is claimed again when it is sought."""
        if self._sources.get(source.tp) is not source:
            return
        self.telemetry.refused_commits.labels(source.tp.topic).inc()
        log.warning("refused by the store, claiming again", extra=_of(source))
        self._refused[source.tp] = source.owner
        self._group_due.set()
        self._drop(source)
        self.log.request_seek(source.tp)

    def _drop(self, source: Source) -> None:
        source.disown()
        self._sources.pop(source.tp, None)
        self.telemetry.forget(source.name)

    async def _commit_group(self) -> None:
        """Lets the group's offsets follow the stored ones."""
        while True:
            await self._group_due.wait()
            self._group_due.clear()
            if not await self._to_group():
                self._group_due.set()
            await asyncio.sleep(self.settings.commit_interval_s)

    async def _to_group(self) -> bool:
        """Commits what the group does not have yet; False if it does not take it."""
        owners = {tp: source.owner for tp, source in self._sources.items()} | self._refused
        wanted = {tp: to for tp, owner in owners.items() if (to := owner.to_group()) is not None}
        if wanted and not await self.log.commit_group({tp: to.next for tp, to in wanted.items()}):
            return False
        for tp, to in wanted.items():
            owners[tp].in_group(to)
        return True

    # ---- beating

    async def _beat(self) -> None:
        """Says once a second which sources are ours and up to date."""
        while True:
            await asyncio.sleep(BEAT_S)
            sources = list(self._sources.values())
            asked = [source.owner.clock for source in sources]  # before the broker is asked
            ends = await self._ends(sources)
            for source, clock in zip(sources, asked, strict=True):
                if source.tp in ends:
                    self._end(source, ends[source.tp], clock)
            await asyncio.gather(*(self._beat_one(source) for source in sources))

    async def _ends(self, sources: list[Source]) -> Mapping[TP, int]:
        tps = [source.tp for source in sources]
        with suppress(TimeoutError):
            async with asyncio.timeout(BEAT_S):
                return await self.log.ends(tps) if tps else {}
        return {}

    def _end(self, source: Source, end: int, asked: str) -> None:
        source.owner.ended(end, asked)
        if not source.ours:
            return
        lag = max(end - 1 - source.owner.folded, 0)
        self.telemetry.lag.labels(source.name).set(lag)
        beats = source.stalled(lag)
        if beats and not beats % STALLED_BEATS:
            log.warning("the log has more but nothing comes, seeking", extra=_of(source, lag=lag))
            self.log.request_seek(source.tp)

    async def _beat_one(self, source: Source) -> None:
        beat = source.owner.beat()
        try:
            reply = await self.store.beat(source.name, beat)
        except StoreAway:
            return
        if source.ours and source.owner.beaten(beat, reply) is Verdict.REFUSED:
            self._lose(source)

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
        await self._to_group()
        for source in sources:
            self._drop(source)
        self._refused.clear()

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


def _of(source: Source, **more: int) -> dict[str, object]:
    """Returns what a log line says of a source."""
    owner = source.owner
    where = {"source": owner.source, "folded": owner.folded, "stored": owner.stored}
    return {**where, "epoch": owner.epoch, **more}
