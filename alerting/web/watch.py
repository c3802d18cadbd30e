"""What is shown, kept by every API process, and whether anybody watches.

The feed is a bell, Redis is the truth: each ring, each new connection and every few seconds the
document is read whole, so a lost message costs seconds and never shows what is past.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec

from alerting import shown
from alerting.shown import NOTHING, Shown
from alerting.store import FEED
from alerting.web.ports import AlertsRead
from streams.store import StoreAway
from streams.store.connection import may_be_away

POLL_S: Final = 5.0
RETRY_S: Final = 0.5
DEAD_MS: Final = 15_000
"""A leader that has not beaten for so long is not there."""

log = logging.getLogger("pouls.alerts")


class Watch:
    """Keeps the document.

    Args:
        store: Where it is.
        wall_ms: The clock of this machine.
        poll_s: How often to look although nothing rang.
    """

    def __init__(
        self,
        store: AlertsRead,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        poll_s: float = POLL_S,
    ) -> None:
        self.shown = NOTHING
        self._store = store
        self._tell: Callable[[Shown], None] = lambda _: None
        self._wall_ms = wall_ms
        self._poll_s = poll_s
        self._ahead_ms = 0
        """How far Redis TIME is ahead of this machine's clock."""

    def clock_ms(self) -> int:
        """Returns Redis TIME, as well as it is known."""
        return self._wall_ms() + self._ahead_ms

    async def run(self, tell: Callable[[Shown], None]) -> None:
        """Watches until it is cancelled.

        Args:
            tell: Called with each document; equal ones may come again.
        """
        self._tell = tell
        while True:
            try:
                await self._listen()
            except StoreAway as away:
                unless_cancelled()
                log.warning("what walls show of alerts is not read: %s", away)
                self._say(msgspec.structs.replace(self.shown, leader=False))
                await asyncio.sleep(RETRY_S)

    async def look(self) -> None:
        """Reads the document and when the leader was last there.

        Raises:
            StoreAway: try again.
        """
        clock_ms = await self._store.clock_ms()
        self._ahead_ms = clock_ms - self._wall_ms()
        head, text = await self._store.head(), await self._store.shown()
        there = clock_ms - head.beat_ms <= DEAD_MS
        document = NOTHING if text is None else _read(text)
        self._say(msgspec.structs.replace(document, leader=there))

    async def _listen(self) -> None:
        async with self._store.feed() as feed:
            with may_be_away():
                await feed.subscribe(FEED)
            while True:
                await self.look()
                unless_cancelled()
                await self._rung(feed)

    async def _rung(self, feed: Any) -> None:  # noqa: ANN401  redis-py's is hardly typed
        """Waits until something has changed, or for a while; many rings are one."""
        with may_be_away():
            message = await feed.get_message(timeout=self._poll_s)
            while message is not None:
                message = await feed.get_message(timeout=0.0)

    def _say(self, document: Shown) -> None:
        self.shown = document
        self._tell(document)


def unless_cancelled() -> None:
    """Ends a task that was cancelled without hearing of it.

    redis-py looks at a connection under `asyncio.timeout(0)`: a cancelling that comes just before
    is taken for that timeout, and lost, but for the task's count.

    Raises:
        CancelledError: the task is to end.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _read(text: bytes) -> Shown:
    """Returns a document; that of a release that we do not understand is none."""
    try:
        return shown.decode(text)
    except msgspec.DecodeError as error:
        log.error("what walls show of alerts is not understood: %s", error)  # noqa: TRY400
        return NOTHING
