"""The readers' shell: subscribes to the sources, reads them, and tells a listener what changed."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

from redis.asyncio.client import PubSub

from streams.codec import unpack_visible
from streams.core.changes import Visible
from streams.store.connection import may_be_away
from streams.store.follower import Follower, Step
from streams.store.redis import Store
from streams.store.shapes import StoreAway, Wanted, feed_key, parse

PATIENCE_S: Final = 2.0
"""After so long without a message Redis is asked whether it is there; it has as long to answer."""
RETRY_S: Final = 0.5
"""Between two attempts to reach Redis."""
_log = logging.getLogger(__name__)


class Listener(Protocol):
    """Who is told."""

    def on_load(self, source: str, everything: Visible) -> None:
        """A source was read whole: it stands instead of all that was known of it."""

    def on_change(self, source: str, change: Visible) -> None:
        """One commit."""

    def on_drop(self, source: str) -> None:
        """A source has no key: its numbers are gone until its owner has folded the log again."""

    def on_mark(self, source: str, as_of_ms: int | None, rebuilding: bool) -> None:
        """How fresh a source is (`None` = not known), and whether it is incomplete."""


class Reader:
    """Keeps a listener at what is committed."""

    def __init__(
        self,
        store: Store,
        sources: Iterable[str],
        wanted: Callable[[str, int], Wanted],
        listener: Listener,
    ) -> None:
        """Prepares a reader; `run` does the work.

        Args:
            store: where to read.
            sources: the configured topics × their partitions, whether they have keys or not.
            wanted: given a source and its time in ms, returns the buckets to read when it is read
                whole. Asked each time anew, so it may depend on the caller's `now`.
            listener: who is told.
        """
        self.connected = False
        """Whether Redis answers."""
        self._store, self._wanted, self._listener = store, wanted, listener
        self._followers = {feed_key(source).encode(): Follower(source) for source in sources}

    async def run(self) -> None:
        """Reads and follows until it is cancelled; after Redis was away everything anew."""
        while True:
            try:
                await self._follow()
            except StoreAway as exc:
                if self.connected:
                    _log.warning("%s; the numbers stand still until it is back", exc)
                self.connected = False
            await asyncio.sleep(RETRY_S)

    async def _follow(self) -> None:
        async with self._store.feed() as feed:
            with may_be_away():
                await feed.subscribe(*self._followers)
                await self._store.raise_feed_limit()
            while True:
                await self._take(await self._next(feed))

    async def _next(self, feed: PubSub) -> dict[str, Any]:
        """Returns the next message; silence is broken by a question."""
        with may_be_away():
            message = await feed.get_message(timeout=PATIENCE_S)
            if message is None:
                await feed.ping()
                message = await feed.get_message(timeout=PATIENCE_S)
        if message is None:
            raise StoreAway("Redis does not answer")
        return message  # type: ignore[no-any-return]

    async def _take(self, message: dict[str, Any]) -> None:
        follower = self._followers.get(message["channel"])
        match message["type"]:
            case "subscribe" if follower:  # also where the client has connected again by itself
                follower.reset()
                await self._load(follower)
            case "message" if follower:
                await self._weigh(follower, message["data"])

    async def _weigh(self, follower: Follower, data: bytes) -> None:
        message = parse(data)
        match follower.weigh(message):
            case Step.LOAD:
                await self._load(follower)
            case Step.CHANGE:
                self._listener.on_change(follower.source, unpack_visible(message.visible))
                self._mark(follower)
            case Step.MARK:
                self._mark(follower)
            case Step.SKIP:
                pass

    async def _load(self, follower: Follower) -> None:
        held = await self._store.snapshot(follower.source, self._wanted)
        self.connected = True
        follower.loaded(None if held is None else held[0])
        if held is None:
            self._listener.on_drop(follower.source)
        else:
            self._listener.on_load(follower.source, held[1])
        self._mark(follower)

    def _mark(self, follower: Follower) -> None:
        as_of = follower.as_of_ms if follower.head else 0
        self._listener.on_mark(follower.source, as_of or None, follower.rebuilding)
