"""The numbers that rules look at: the store followed, a board, the weeks before.

Every replica has them, whether it leads or not: who takes over can judge at once.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from alerting.core.rules import Rule
from alerting.core.view import AlertBoard
from alerting.past import Past
from streams.core.buckets import Zone
from streams.settings import Settings
from streams.settings.now import Now
from streams.store import Store, StoreAway
from streams.store.feed import Feed, reader, topic_of, worst

FRESH_MS: Final = 30_000
"""A feed that is older is not fresh."""
FILL_S: Final = 1.0
AHEAD_S: Final = 30.0
"""How often the past is fetched: what was asked for in vain, and what will be asked for."""

log = logging.getLogger("pouls.alerts")


class Numbers:
    """A board that follows the store: what rules see is a `BoardView` that says more.

    Args:
        settings: Of the process.
        sources: All that there are.
        store: Where the numbers are.
    """

    def __init__(self, settings: Settings, sources: Sequence[str], store: Store) -> None:
        fold = settings.fold
        self.zone = Zone(fold.timezone)
        self._store, self._feed, self._now = store, Feed(sources), Now(settings.clock)
        self._board = AlertBoard(self.zone, settings.reading, sources, fold.retention)
        self._reader = reader(store, sources, self._board, self.zone, self._feed)
        self._past = Past(store, sources, fold.retention, self.zone, settings.reading)
        self._wall_ms = 0
        self._heard_ms: dict[str, int] = {}
        """Source → up to when it was last known, else since when it is looked for."""
        board, past = self._board, self._past
        self.read, self.segments, self.history = board.read, board.segments, past.history
        self.histogram, self.beyond, self.moved = board.histogram, board.beyond, board.moved

    # -- what rules see

    @property
    def now_ms(self) -> int:
        """Board time."""
        return self._board.now_ms

    def age_ms(self, topic: str | None) -> int | None:
        """Returns how old the numbers of a topic are, or the stalest.

        A source that was never read is as old as our looking for it; `None` while it may only be
        that we have just begun.
        """
        marks = [(s, m) for s, m in self._feed.marks.items() if topic in (None, topic_of(s))]
        heard = (self._heard_ms.get(source, self._wall_ms) for source, _ in marks)
        age_ms = max(0, self._wall_ms - min(heard, default=self._wall_ms))
        blank = not marks or any(mark.as_of_ms is None for _, mark in marks)
        return None if blank and age_ms <= FRESH_MS else age_ms

    # -- what the process does

    @property
    def trouble(self) -> str:
        """Why the numbers are none to rely on, or ""."""
        if not self._reader.connected:
            return "Redis is away"
        worst_of_all = worst(list(self._feed.marks.values()))
        if worst_of_all.rebuilding:
            return "the numbers are being built"
        age_ms = self.age_ms(None)
        if age_ms is None or age_ms > FRESH_MS:
            return "the numbers stand still"
        return ""

    def step(self) -> None:
        """Takes in what came, and moves `now`."""
        self._wall_ms = time.time_ns() // 1_000_000
        self._feed.drain(self._board)
        for source, mark in self._feed.marks.items():
            if mark.as_of_ms is not None:
                self._heard_ms[source] = mark.as_of_ms
            self._heard_ms.setdefault(source, self._wall_ms)
        self._board.step(self._now.at(self._wall_ms, self._feed.top_ms))

    async def follow(self) -> None:
        """Follows the store for ever; says so once where it is away from the beginning."""
        try:
            for complaint in await self._store.complaints():
                log.error(complaint)
        except StoreAway as away:
            log.warning("%s; trying again until it is there", away)
        await self._reader.run()

    async def remember(self, rules: Callable[[], Iterable[Rule]]) -> None:
        """Fetches the past that rules ask for, and will ask for, for ever."""
        due = 0.0
        while True:
            await asyncio.sleep(FILL_S)
            if self.trouble:  # half a log is no past
                continue
            if time.monotonic() >= due:
                self._past.ahead(rules(), self._board)
                due = time.monotonic() + AHEAD_S
            try:
                await self._past.fill(self.now_ms)
            except StoreAway:
                log.debug("the past is fetched later")
