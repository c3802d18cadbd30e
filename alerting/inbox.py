"""Acts that have come, read in the background: no tick waits for Kafka.

A leader reads the topic `acts` from the offset on that is stored with its state. One whose memory
is empty needs all acts at once: until they are there, `take` says that nobody knows.
"""

import asyncio
import logging
from typing import Final, Protocol

from alerting.acts import ActRecord, ActsAway

WAIT_S: Final = 0.5
"""How long to wait for a record at once."""
REST_S: Final = 0.1
RETRY_S: Final = 1.0

Acts = list[tuple[int, ActRecord]]
log = logging.getLogger("pouls.alerts")


class Reader(Protocol):
    """What is needed of an ActReader."""

    async def read(self, offset: int, wait_s: float = 0.0) -> Acts:
        """Returns what has come from an offset on."""

    async def everything(self, offset: int = 0) -> Acts:
        """Returns all that there is from an offset on."""


class Inbox:
    """What people did, from an offset on."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._from: int | None = None
        """What is read next; `None` = nothing is wanted."""
        self._everything = self._known = False
        """Whether all that there is was asked for, and whether it has come."""
        self._got: Acts = []
        self._life = 0
        self._away = False

    def take(self, offset: int, *, everything: bool) -> Acts | None:
        """Returns the acts from an offset on that have come.

        Args:
            offset: What the caller has not taken in yet.
            everything: Nothing less than all that there is will do.

        Returns:
            The acts with their offsets; `None` = everything is wanted, and not there yet.
        """
        at = self._got[0][0] if self._got else self._from
        if at is None or offset < at or (everything and not self._everything):
            self.stop()
            self._from, self._everything, self._known = offset, everything, not everything
        self._got = [one for one in self._got if one[0] >= offset]
        return list(self._got) if self._known else None

    def stop(self) -> None:
        """Reads no more: the caller does not lead."""
        self._life += 1
        self._from, self._got, self._everything = None, [], False

    async def run(self) -> None:
        """Reads for ever."""
        while True:
            if self._from is None:
                await asyncio.sleep(REST_S)
            elif not await self._read(self._from):
                await asyncio.sleep(RETRY_S)

    async def _read(self, offset: int) -> bool:
        """Reads on; returns whether Kafka answered."""
        life = self._life
        try:
            if self._known:
                some = await self._reader.read(offset, WAIT_S)
            else:
                some = await self._reader.everything(offset)
        except ActsAway as away:
            if not self._away:
                log.warning("%s; what people do waits", away)
            self._away = True
            return False
        self._away = False
        if life == self._life:
            self._got += some
            self._from = some[-1][0] + 1 if some else offset
            self._known = True
        return True
