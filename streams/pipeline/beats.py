"""Once a second each source says that its owner lives, and up to when its numbers are complete."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from faust.types import TP

from streams.chunks import Log
from streams.source import Source
from streams.store import Store, StoreAway, Verdict
from streams.telemetry import Telemetry

BEAT_S: Final = 1.0
STALLED_BEATS: Final = 20
"""So many beats without progress, though the log has more and there is room: ask for it again."""

log = logging.getLogger("pouls.beats")


class Beats:
    """The beats of all sources of this worker."""

    def __init__(
        self,
        kafka: Log,
        store: Store,
        sources: Mapping[TP, Source],
        telemetry: Telemetry,
        refused: Callable[[Source], None],
    ) -> None:
        """`sources`: those that are ours now; `refused` is told of one whose beat is refused."""
        self._kafka, self._store, self._sources = kafka, store, sources
        self._telemetry, self._refused = telemetry, refused

    async def run(self) -> None:
        """Beats for ever."""
        while True:
            await asyncio.sleep(BEAT_S)
            await self.beat()

    async def beat(self) -> None:
        """Beats once for every source; where Kafka is silent, without new promises."""
        sources = list(self._sources.values())
        asked = [source.owner.clock for source in sources]  # before the broker is asked
        ends = await self._ends([source.tp for source in sources])
        for source, clock in zip(sources, asked, strict=True):
            if source.tp in ends:
                self._end(source, ends[source.tp], clock)
        await asyncio.gather(*(self._beat_one(source) for source in sources))

    async def _ends(self, tps: list[TP]) -> Mapping[TP, int]:
        with suppress(TimeoutError):
            async with asyncio.timeout(BEAT_S):
                return await self._kafka.ends(tps) if tps else {}
        return {}

    def _end(self, source: Source, end: int, asked: str) -> None:
        source.owner.ended(end, asked)
        source.end = end
        if not source.ours:
            return
        lag = max(end - 1 - source.owner.folded, 0)
        self._telemetry.lag.labels(source.name).set(lag)
        beats = source.stalled(lag)
        if beats and not beats % STALLED_BEATS:
            where = {**source.where, "lag": lag}
            log.warning("the log has more but nothing comes, seeking", extra=where)
            self._kafka.request_seek(source.tp)

    async def _beat_one(self, source: Source) -> None:
        beat = source.owner.beat()
        try:
            reply = await self._store.beat(source.name, beat)
        except StoreAway:
            return
        if source.ours and source.owner.beaten(beat, reply) is Verdict.REFUSED:
            self._refused(source)
