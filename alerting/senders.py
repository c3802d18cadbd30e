"""What a replica sends with, made anew when rule files change; and what a test sends with."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from alerting.delivery import Addresses, Letters, Policy, RedisRates, Sender
from alerting.delivery.addresses import MAIL, PAGE
from alerting.links import VARIABLE, Links
from alerting.metrics import AlertMetrics
from alerting.notifiers import Notifiers
from alerting.reaching import reach
from alerting.ruleset import Ruleset
from alerting.store import AlertStore, StoreAway
from streams.core.buckets import Zone
from streams.core.roster import Roster
from streams.settings import Settings

RETRY_S: Final = 1.0

log = logging.getLogger("pouls.alerts")


class Senders:
    """The sender of a process, and the next one.

    Args:
        settings: Of the process.
        environ: Its environment: variables of addresses, what signs links.
        store: The outbox.
        metrics: Counts.
        consumer: One life of one process: nobody else is called so.
        clock_ms: Now.
    """

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str],
        store: AlertStore,
        metrics: AlertMetrics,
        consumer: str,
        clock_ms: Callable[[], int],
    ) -> None:
        rate = settings.alerts.rate
        self._settings, self._environ, self._store = settings, environ, store
        self._metrics, self._consumer, self._clock_ms = metrics, consumer, clock_ms
        self._policy = Policy(pages=rate.pages, within_ms=round(rate.within_s * 1000))
        self._rates = RedisRates(settings.redis, self._policy)
        self._notifiers = Notifiers(clock_ms)
        self._stop = asyncio.Event()
        self._ending = False
        self._ruleset: Ruleset | None = None

    def use(self, ruleset: Ruleset) -> None:
        """Goes on with other rules: what is under way is ended first."""
        addresses = self.addresses(ruleset)
        for complaint in addresses.complaints(self._notifiers.complaint):
            log.error("alerts: %s", complaint)
        found = reach(ruleset.rules.values(), ruleset.routing, addresses)
        for line in (*found.lost, *found.lines):
            log.warning("alerts: %s", line)
        self._ruleset = ruleset
        self._stop.set()

    def end(self) -> None:
        """Ends what is under way, and takes nothing more."""
        self._ending = True
        self._stop.set()

    async def run(self) -> None:
        """Sends until the end."""
        links = await self._links()
        while not self._ending:
            assert self._ruleset is not None
            self._stop.clear()
            await self.sender(self._ruleset, links).run(self._stop)

    async def close(self) -> None:
        """Closes all connections."""
        await self._notifiers.close()
        await self._rates.close()

    def addresses(self, ruleset: Ruleset) -> Addresses:
        """Returns everybody's addresses."""
        return Addresses(
            ruleset.routing,
            ruleset.rotas,
            self._settings.roster or Roster(),
            self._settings.alerts.targets,
            self._environ,
        )

    def sender(self, ruleset: Ruleset, links: Links | None) -> Sender:
        """Returns a sender; without `links` nothing is acknowledged by them."""
        settings = self._settings
        letters = Letters(
            rules=ruleset.rules,
            roster=settings.roster or Roster(),
            zone=Zone(settings.fold.timezone),
            language=settings.alerts.lang,
            clock_ms=self._clock_ms,
            links=links,
            wall=settings.alerts.url,
            currency=settings.reading.prices.currency,
        )
        return Sender(
            self._store,
            self.addresses(ruleset),
            self._notifiers,
            letters,
            self._metrics,
            self._rates,
            consumer=self._consumer,
            policy=self._policy,
            clock_ms=self._clock_ms,
        )

    async def _links(self) -> Links | None:
        """Returns what makes links: once the secret is known; `None` = the end came before."""
        secret = self._environ.get(VARIABLE)
        while not secret and not self._ending:
            try:
                secret = await self._store.secret()
            except StoreAway:
                await asyncio.sleep(RETRY_S)
        return Links(self._settings.alerts.url, secret) if secret else None


def chosen(addresses: Addresses, to: str | None, clock_ms: int) -> Iterable[str]:
    """Returns the ids of the addresses that are meant: all, or those of one.

    Args:
        addresses: All that there are.
        to: `duty:x`, `person:y` or `channel:z`; `None` = all.
        clock_ms: Now: who holds a duty.
    """
    everyone = addresses.ids()
    if to is None:
        return everyone
    kind, _, name = to.partition(":")
    people = addresses.on_duty(name, clock_ms) if kind == "duty" else (name,)
    wanted = {to, *(f"{person}/{via}" for person in people for via in (PAGE, MAIL))}
    return [address for address in everyone if address in wanted]
