"""Investigations, recorded in the topic `acts`: Redis may be emptied, they outlive it.

Beside the ticks, and behind them: what is recorded was committed before. A leader that begins does
not know what the one before has recorded, so it records all that is in work once more; of each key
Kafka keeps the latest.
"""

import asyncio
import logging
import time
import uuid
from typing import Final, Protocol

import msgspec

from alerting.acts import ActRecord, ActsAway
from alerting.core.investigations import Investigation
from alerting.core.investigations.shapes import IN_WORK
from alerting.leader import Leader

EVERY_S: Final = 5.0

log = logging.getLogger("pouls.alerts")


class Writer(Protocol):
    """Where acts are written."""

    async def write(self, record: ActRecord) -> int:
        """Returns the offset of a record; raises `ActsAway`."""


class Recording:
    """What one process has recorded.

    Args:
        leader: Who holds the investigations.
        writer: Where they go.
    """

    def __init__(self, leader: Leader, writer: Writer) -> None:
        self._leader, self._writer = leader, writer
        self._known: dict[str, Investigation] = {}

    async def run(self) -> None:
        """Records for ever what has changed."""
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                await self.once()
            except ActsAway as away:
                log.warning("%s; investigations are recorded later", away)

    async def once(self) -> None:
        """Records what has changed since the last time.

        Raises:
            ActsAway: Kafka does not answer; the rest is recorded the next time.
        """
        held = self._leader.held
        if held is None:
            self._known.clear()
            return
        for record in held.investigations.values():
            known = self._known.get(record.id)
            if record == known or not (record.status in IN_WORK or known):
                continue
            await self._writer.write(act_of(record))
            self._known[record.id] = record


def act_of(record: Investigation) -> ActRecord:
    """Returns the act that holds an investigation as it is."""
    return ActRecord(
        id=uuid.uuid4().hex,
        kind="record",
        object=record.id,
        by="pouls",
        at_ms=time.time_ns() // 1_000_000,
        investigation=msgspec.to_builtins(record),
    )
