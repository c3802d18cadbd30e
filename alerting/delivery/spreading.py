"""A notice becomes deliveries: one for each address that is to be told now."""

import logging
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from alerting.core.telling import TOLD, Notice
from alerting.delivery.addresses import Addresses, Found
from alerting.metrics import AlertMetrics
from alerting.store import AlertStore, Delivery

FIRST: Final = 0
"""The number of a group's first notice."""
log = logging.getLogger("pouls.delivery")


class Spreader:
    """Finds out who is told."""

    def __init__(
        self,
        store: AlertStore,
        addresses: Addresses,
        metrics: AlertMetrics,
        clock_ms: Callable[[], int],
    ) -> None:
        self._store, self._addresses = store, addresses
        self._metrics, self._clock_ms = metrics, clock_ms

    async def spread(self, stream_id: str, notice: Notice) -> None:
        """Turns a notice into deliveries.

        Raises:
            StoreAway: the notice is still there.
        """
        clock_ms = self._clock_ms()
        episodes = [item.episode for item in notice.items]
        told = await self._store.told(episodes) if TOLD in notice.to else {}
        found = self._addresses.find(notice, told, clock_ms)
        if await self._store.spread(stream_id, self._deliveries(notice, found, clock_ms)):
            self._tell_missing(notice, found.missing)

    def _deliveries(self, notice: Notice, found: Found, clock_ms: int) -> list[Delivery]:
        deliveries = [
            Delivery(
                notice=msgspec.structs.replace(notice, items=items),
                address=address,
                first_ms=clock_ms,
                thread=thread(notice, address),
            )
            for address, items in found.reached.items()
        ]
        if found.missing:
            other = instead(notice, found.missing, self._addresses.fallback, clock_ms)
            if other is not None and other.address not in found.reached:
                deliveries.append(other)
        return deliveries

    def _tell_missing(self, notice: Notice, missing: Sequence[str]) -> None:
        if missing:
            self._metrics.missed(len(missing))
            log.error("notice %s: %s cannot be reached", notice.id, ", ".join(missing))


def instead(
    notice: Notice, missing: Sequence[str], fallback: str | None, clock_ms: int
) -> Delivery | None:
    """Returns what tells the fallback what others could not be told; `None` = there is none.

    Args:
        notice: What is told.
        missing: To whom it could not be told.
        fallback: The id of an address.
        clock_ms: Now.
    """
    if fallback is None or fallback in missing:
        return None
    who = ", ".join(missing)
    said = {
        "en": f"Could not be told: {who}.",
        "fr": f"N’a pas pu être prévenu : {who}.",
    }
    text = {
        lang: " ".join(filter(None, (line, notice.text.get(lang)))) for lang, line in said.items()
    }
    return Delivery(
        notice=msgspec.structs.replace(notice, text=text, to=(fallback,)),
        address=fallback,
        key=f"{notice.id}:{fallback}:instead:{who}",
        first_ms=clock_ms,
        thread=thread(notice, fallback),
    )


def thread(notice: Notice, address: str) -> str:
    """Returns the key of the first thing that is told an address about a group."""
    group, number = notice.id.rpartition("|")[::2]
    first = f"{group}|{FIRST}" if number.isdecimal() else notice.id
    return f"{first}:{address}"
