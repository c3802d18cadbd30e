"""The one clockwork of the process: take in what came, move `now`, wake the clients; every tick."""

import asyncio
import time

from api.feed import states
from api.hub import Hub
from api.sockets import Lobby
from streams.settings.now import Now
from streams.store.feed import Board, Feed


class Ticker:
    """Drives feed, hub and lobby."""

    def __init__(
        self, feed: Feed, board: Board, hub: Hub, lobby: Lobby, now: Now, tick_s: float
    ) -> None:
        self.feed = feed
        self.board = board
        self.hub = hub
        self.lobby = lobby
        self.now = now
        self.tick_s = tick_s
        self.busy_s = 0.0
        """How long the last tick took, without the sending."""

    def tick(self) -> None:
        """Makes one tick."""
        began = time.perf_counter()
        wall_ms = time.time_ns() // 1_000_000
        self.feed.drain(self.board)
        self.hub.tick(self.now.at(wall_ms, self.feed.top_ms), wall_ms, states(self.feed))
        self.busy_s = time.perf_counter() - began

    async def run(self) -> None:
        """Ticks for ever; ticks that a busy process missed are left out."""
        due = time.monotonic()
        while True:
            due = max(due + self.tick_s, time.monotonic())
            await asyncio.sleep(due - time.monotonic())
            self.tick()
            await self.lobby.ring()
