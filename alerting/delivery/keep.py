"""Whoever forgets what is not repeated is told again while it lasts, and of its end for a while.

Every sender does it: what they say is the same, and true at that moment, so nobody minds hearing it
twice. It is read from the store, what lasts and who was told so, and nothing is written.
"""

import logging
from collections.abc import Callable, Iterator
from typing import Final

from alerting.core.shapes import Event, Instance, Key
from alerting.core.telling import Notice
from alerting.delivery.addresses import Addresses
from alerting.delivery.jobs import Letter, Target
from alerting.delivery.sending import Desk
from alerting.notifiers import Failed, Notifiers
from alerting.notifiers.base import over
from alerting.shown import decode
from alerting.store import AlertStore, Told

ENDED_MS: Final = 300_000
"""So long an end is repeated."""
log = logging.getLogger("pouls.delivery")


class Keeper:
    """Repeats."""

    def __init__(
        self,
        store: AlertStore,
        addresses: Addresses,
        notifiers: Notifiers,
        desk: Desk,
        clock_ms: Callable[[], int],
    ) -> None:
        self._store, self._desk, self._clock_ms = store, desk, clock_ms
        self._addresses, self._notifiers = addresses, notifiers

    async def run_once(self) -> int:
        """Tells everything that must be repeated, and returns how much that was.

        Raises:
            StoreAway: try again.
        """
        targets = {target.address: target for target in self._targets()}
        if not targets:
            return 0
        events = {event.episode: event for event in await self._ended()}
        events |= {event.episode: event for event in await self._lasting()}
        told = await self._store.told(events)
        n = 0
        for episode, event in events.items():
            for address, known in told[episode].items():
                if address in targets and (known.kind == "resolve") == over(event):
                    n += 1
                    await self._repeat(targets[address], event, known)
        return n

    def _targets(self) -> Iterator[Target]:
        for address in self._addresses.ids():
            url = self._addresses.url(address)
            notifier = self._notifiers.of(url) if url else None
            if url and notifier and notifier.keep_s is not None:
                yield Target(address, url, notifier)

    async def _ended(self) -> list[Event]:
        now = self._clock_ms()
        found = await self._store.history(now - ENDED_MS, now + ENDED_MS)  # clocks differ
        return [event for event in found if over(event)]

    async def _lasting(self) -> list[Event]:
        shown = await self._store.shown()
        found = []
        for row in decode(shown).alerts if shown else ():
            if row.state != "resolved":
                key = Key(row.rule, row.segment)
                instance = await self._store.instance(key)
                if instance is not None and instance.episode == row.episode:
                    found.append(_as_event(key, instance, self._clock_ms()))
        return found

    async def _repeat(self, target: Target, event: Event, known: Told) -> None:
        """Tells one alert again, as bad as it was told before."""
        if not over(event):
            event = Event(
                kind="fire", key=event.key, episode=event.episode, severity=known.severity,
                at_ms=event.at_ms, clock_ms=event.clock_ms, reason=event.reason, facts=event.facts,
            )  # fmt: skip
        notice = Notice(
            id=f"keep|{event.episode}", group="", kind="resolve" if over(event) else "reminder",
            to=(target.address,), items=(event,), clock_ms=self._clock_ms(),
        )  # fmt: skip
        letter = Letter(notice=notice, items=(event,), key=notice.id, thread=notice.id)
        outcome = await self._desk.tell(target, self._desk.parcel(target, letter))
        if isinstance(outcome, Failed):
            log.info("%s: could not be told again: %s", target.address, outcome.why)


def _as_event(key: Key, instance: Instance, clock_ms: int) -> Event:
    """Returns what an alert would tell if it began now, as of when it did."""
    fired_ms = instance.fired_clock_ms
    return Event(
        kind="fire", key=key, episode=instance.episode, severity=instance.severity,
        at_ms=instance.fired_at_ms or instance.seen_at_ms,
        clock_ms=clock_ms if fired_ms is None else fired_ms, reason="breach", facts=instance.facts,
    )  # fmt: skip
