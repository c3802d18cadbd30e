"""Alerts as an extension of the API: their routes, the topic `alerts@live`, the link in messages.

The API and alerts do not know each other: `pouls.py` hands this to `create_app`.
"""

import logging
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from alerting import links
from alerting.acts import ActWriter
from alerting.core.rules import Rule
from alerting.rulefile import RuleMistakes, load_rules
from alerting.ruleset import context_of, paths_of
from alerting.scale import scaled
from alerting.shown import Shown, encode, public
from alerting.store import AlertStore
from alerting.web.acking import Acking
from alerting.web.acting import PATIENCE_S, Acting
from alerting.web.alerts import Alerts
from alerting.web.handing import Handing
from alerting.web.http import Handler, handled
from alerting.web.inquiries import Inquiries
from alerting.web.ports import ActsWritten, AlertsRead, Host, Known
from alerting.web.quiets import Quiets
from alerting.web.watch import Watch
from streams.core.buckets import Zone
from streams.settings import Settings

TOPIC: Final = "alerts@live"
API: Final = "/api/v1"

log = logging.getLogger("pouls.alerts")


class Parts(NamedTuple):
    """What the handlers share."""

    known: Known
    store: AlertsRead
    watch: Watch
    acting: Acting
    host: Host


def router(parts: Parts) -> APIRouter:
    """Returns all routes of alerts."""
    known, store, watch, acting, host = parts
    alerts = Alerts(known, store, watch, acting, host)
    silences = Quiets("silence", known, watch, acting, host)
    maintenance = Quiets("maintenance", known, watch, acting, host)
    inquiries = Inquiries(known, store, watch, acting, host)
    acking = Acking(known, store, watch, acting)
    episode = f"{API}/alerts/{{episode}}"
    handlers: list[tuple[str, str, Handler]] = [
        ("GET", f"{API}/alerts", alerts.shown),
        ("GET", f"{API}/alerts/history", alerts.history),
        ("GET", episode, alerts.episode),
        ("POST", f"{episode}/ack", alerts.ack),
        ("POST", f"{episode}/unack", alerts.unack),
        ("POST", f"{episode}/snooze", alerts.snooze),
        ("POST", f"{episode}/note", alerts.note),
        ("POST", f"{episode}/resolve", alerts.resolve),
        ("GET", f"{API}/silences", silences.all),
        ("POST", f"{API}/silences", silences.begin),
        ("POST", f"{API}/silences/{{id}}/end", silences.end),
        ("GET", f"{API}/maintenance", maintenance.all),
        ("POST", f"{API}/maintenance", maintenance.begin),
        ("POST", f"{API}/maintenance/{{id}}/end", maintenance.end),
        ("GET", f"{API}/investigations", inquiries.all),
        ("GET", f"{API}/investigations/{{id}}", inquiries.one),
        ("POST", f"{API}/investigations/{{id}}", inquiries.act),
        ("GET", f"{API}/handover", Handing(known, store, watch).page),
        ("GET", links.PATH, acking.show),
        ("POST", links.PATH, acking.act),
    ]
    routes = APIRouter()
    for method, path, handler in handlers:
        routes.add_api_route(path, handled(handler), methods=[method], response_class=Response)
    return routes


class AlertsExtension:
    """Alerts, as the API takes them in.

    Args:
        known: What is known of the operation.
        store: What is read of Redis.
        writer: Where acts go.
        patience_s: How long an act may take until it is taken in.
    """

    topics: tuple[str, ...] = (TOPIC,)
    forms: tuple[str, ...] = (links.PATH,)

    def __init__(
        self,
        known: Known,
        store: AlertsRead,
        writer: ActsWritten,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self.watch = Watch(store)
        self._known = known
        self._store = store
        self._writer = writer
        self._acting = Acting(writer, store, patience_s)

    @property
    def origins(self) -> tuple[str, ...]:
        """The public address, without a path."""
        url = urlsplit(self._known.url)
        return (f"{url.scheme}://{url.netloc}",)

    def router(self, host: Host) -> APIRouter:
        """Returns the routes."""
        return router(Parts(self._known, self._store, self.watch, self._acting, host))

    async def run(self, host: Host) -> None:
        """Shows on the walls what there is, until it is cancelled."""

        def tell(shown: Shown) -> None:
            host.offer(TOPIC, msgspec.Raw(encode(public(shown))))

        try:
            await self.watch.run(tell)
        finally:
            await self._writer.close()
            await self._store.close()


def extension(settings: Settings, environ: Mapping[str, str]) -> AlertsExtension:
    """Returns alerts for the API of these settings.

    Args:
        settings: Of the process.
        environ: Its environment, which may say what signs links.
    """
    alerts = settings.alerts
    known = Known(
        rules=_rules(settings),
        roster=settings.roster,
        zone=Zone(settings.fold.timezone),
        language=alerts.lang,
        url=alerts.url,
        secret=environ.get(links.VARIABLE) or None,
        currency=settings.reading.prices.currency,
    )
    return AlertsExtension(known, AlertStore(settings.redis), ActWriter(settings.kafka))


def _rules(settings: Settings) -> dict[str, Rule]:
    """Returns the rules by id: for titles. Mistakes stop `pouls alerts`, not the wall."""
    try:
        loaded = load_rules(paths_of(settings), context_of(settings))
    except RuleMistakes as mistakes:
        log.error("alerts are shown without the titles of their rules: %s", mistakes)  # noqa: TRY400
        return {}
    scale = settings.alerts.time_scale
    return {rule.id: scaled(rule, scale) for rule in loaded.rules}
