"""What somebody does: written to Kafka, then awaited until the leader has taken it in."""

import asyncio
import time
import uuid
from collections.abc import Callable
from typing import Any, Final

import msgspec

from alerting.acts import ActKind, ActRecord
from alerting.core.telling import Quiet
from alerting.web.ports import ActsWritten, AlertsRead
from alerting.web.watch import unless_cancelled
from streams.store import StoreAway

PATIENCE_S: Final = 5.0
LOOK_S: Final = 0.05


class Done(msgspec.Struct, frozen=True):
    """What became of an act."""

    act: str
    refusal: str | None
    """"" = done, a sentence = why not, `None` = recorded, and nobody has taken it in yet."""

    @property
    def status(self) -> int:
        """What HTTP says to that."""
        if self.refusal is None:
            return 202
        return 409 if self.refusal else 200

    def answer(self) -> dict[str, Any]:
        """Returns the answer's body."""
        if self.refusal:
            return {"error": self.refusal, "act": self.act}
        return {"recorded": True, "taken_in": self.refusal is not None, "act": self.act}


class Acting:
    """Records acts.

    Args:
        writer: Where.
        store: Where the leader says what became of them.
        patience_s: How long to wait for that.
        wall_ms: The clock of this machine.
    """

    def __init__(
        self,
        writer: ActsWritten,
        store: AlertsRead,
        patience_s: float = PATIENCE_S,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._writer = writer
        self._store = store
        self._patience_s = patience_s
        self._wall_ms = wall_ms

    async def do(
        self,
        kind: ActKind,
        object_: str,
        by: str,
        *,
        note: str = "",
        until_ms: int | None = None,
        quiet: Quiet | None = None,
        investigation: dict[str, Any] | None = None,
    ) -> Done:
        """Returns what became of an act.

        Raises:
            ActsAway: nobody knows whether it was recorded.
        """
        record = ActRecord(
            id=uuid.uuid4().hex,
            kind=kind,
            object=object_,
            by=by,
            note=note,
            until_ms=until_ms,
            at_ms=self._wall_ms(),
            quiet=quiet,
            investigation=investigation,
        )
        await self._writer.write(record)
        return Done(record.id, await self._outcome(record.id))

    async def _outcome(self, act: str) -> str | None:
        """Waits for what the leader says; while Redis is away it says nothing.

        By the clock, not by `asyncio.timeout`: redis-py may lose a cancelling.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + self._patience_s
        found = await self._told(act)
        while found is None and loop.time() < end:
            await asyncio.sleep(LOOK_S)
            unless_cancelled()
            found = await self._told(act)
        return found

    async def _told(self, act: str) -> str | None:
        try:
            return await self._store.outcome(act)
        except StoreAway:
            return None
