"""All operational metrics of alerts, in a registry that is handed in; names as in docs/alerts.md.

Labels are rules, kinds and schemes, never people, addresses or segments.
"""

from collections import Counter as Tally
from collections.abc import Iterable, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from alerting.core.machine import ongoing
from alerting.core.shapes import Event, Instance, Key

TICK_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
ACK_BUCKETS: Final = (15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
STATES: Final = ("pending", "firing", "cooling")


class AlertMetrics:
    """What is counted of one process that leads or sends."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        count, gauge = self._count, self._gauge
        # -- the leader
        self._instances = gauge("instances", "Alerts", "rule", "severity", "state")
        self._transitions = count("transitions", "What happened to alerts", "rule", "event")
        self._leader = gauge("evaluator_leader", "Whether this process decides")
        self._evaluation = self._histogram("evaluation_duration", "Time a tick took", TICK_BUCKETS)
        self._commit = gauge("last_commit_timestamp_seconds", "Time of the last commit (Unix)")
        self._fenced = count("fenced_commits", "Commits refused: somebody else decides")
        self._audit = count("audit_findings", "Open alerts that had no next step")
        self._heartbeats = count("heartbeats", "What became of heartbeats", "outcome")
        self._reloads = count("reloads", "Times that rule files were read anew", "outcome")
        self._reloaded = Gauge(
            "pouls_config_last_reload_success_timestamp_seconds",
            "Since when the rules in use are (Unix)",
            registry=registry,
        )
        self._ack_delay = self._histogram(
            "ack_delay", "Time until somebody took it on", ACK_BUCKETS
        )
        self._investigations = Gauge(
            "pouls_investigations", "Investigations", ["status"], registry=registry
        )
        # -- senders
        self._deliveries = count("deliveries", "What became of deliveries", "channel", "outcome")
        self._pending = gauge("outbox_pending", "What waits to be told", "of")
        self._oldest = gauge(
            "outbox_oldest_timestamp_seconds", "Since when the oldest waits (Unix)"
        )
        self._dead = gauge("dead_letters", "What could not be told, of the last 35 days")
        self._breakers = gauge("breakers_open", "Addresses that are left alone", "channel")
        self._missing = count("unreachable", "Somebody who has no address, or nobody on call")

    # -- the leader

    def leads(self, leads: bool) -> None:
        """Says whether this process decides; if not, it knows of no alerts."""
        self._leader.set(leads)
        if not leads:
            self._instances.clear()

    def evaluated(self, seconds: float) -> None:
        """Takes in how long a tick took."""
        self._evaluation.observe(seconds)

    def committed(
        self, clock_ms: int, instances: Mapping[Key, Instance], events: Iterable[Event]
    ) -> None:
        """Takes in what was committed.

        Args:
            clock_ms: Redis TIME.
            instances: All that there are now.
            events: What happened since the last commit.
        """
        self._commit.set(clock_ms / 1000)
        found = Tally(
            (key.rule, one.severity.name.lower(), one.condition)
            for key, one in instances.items()
            if one.condition in STATES
        )
        self._instances.clear()
        for labels, n in found.items():
            self._instances.labels(*labels).set(n)
        for event in events:
            self._transitions.labels(event.key.rule, event.kind).inc()
            if event.kind == "ack":
                self._acked(event, instances.get(event.key))

    def _acked(self, event: Event, instance: Instance | None) -> None:
        """Counts how long people took: from when it fired, or fired again, by the clock."""
        if instance is not None and ongoing(instance) and instance.fired_clock_ms is not None:
            self._ack_delay.observe(max(0, event.clock_ms - instance.fired_clock_ms) / 1000)

    def fenced(self) -> None:
        """Counts a commit that was refused."""
        self._fenced.inc()

    def audited(self, findings: int) -> None:
        """Counts open alerts that had no next step."""
        self._audit.inc(findings)

    def investigations(self, statuses: Mapping[str, int]) -> None:
        """Says how many investigations there are, by status."""
        self._investigations.clear()
        for status, n in statuses.items():
            self._investigations.labels(status).set(n)

    def beaten(self, outcome: str) -> None:
        """Counts a heartbeat: sent, or failed."""
        self._heartbeats.labels(outcome).inc()

    def reloaded(self, now_ms: int | None) -> None:
        """Takes in that rule files were read; `None` = they have mistakes."""
        self._reloads.labels("refused" if now_ms is None else "done").inc()
        if now_ms is not None:
            self._reloaded.set(now_ms / 1000)

    # -- senders

    def delivered(self, channel: str, outcome: str, n: int = 1) -> None:
        """Counts what became of deliveries.

        Args:
            channel: The scheme of the address.
            outcome: sent; failed (tried again later); resting (its address is left alone for a
                while); held (too many pages); dead; nothing (it was not to be told any more).
            n: How many.
        """
        self._deliveries.labels(channel, outcome).inc(n)

    def missed(self, n: int) -> None:
        """Counts those who were meant and cannot be reached."""
        self._missing.inc(n)

    def outbox(
        self, *, notices: int, deliveries: int, later: int, dead: int, oldest_ms: int | None
    ) -> None:
        """Says what waits to be told."""
        for name, n in (("notices", notices), ("deliveries", deliveries), ("later", later)):
            self._pending.labels(name).set(n)
        self._dead.set(dead)
        self._oldest.set(0 if oldest_ms is None else oldest_ms / 1000)

    def breakers(self, channels: Mapping[str, int]) -> None:
        """Says how many addresses are left alone now, by scheme."""
        self._breakers.clear()
        for channel, n in channels.items():
            self._breakers.labels(channel).set(n)

    def _count(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(f"pouls_alert_{name}", what, labels, registry=self._registry)

    def _gauge(self, name: str, what: str, *labels: str) -> Gauge:
        return Gauge(f"pouls_alert_{name}", what, labels, registry=self._registry)

    def _histogram(self, name: str, what: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(
            f"pouls_alert_{name}_seconds", what, buckets=buckets, registry=self._registry
        )
