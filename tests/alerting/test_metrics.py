"""Metrics of alerts say what there is, and name nobody."""

import msgspec
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from alerting.core.shapes import Key, Severity
from alerting.metrics import AlertMetrics
from tests.alerting.delivery.world import alert, instance
from tests.alerting.telling import CLOCK_MS


@pytest.fixture
def registry() -> CollectorRegistry:
    """An empty registry."""
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> AlertMetrics:
    """Metrics in it."""
    return AlertMetrics(registry)


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    """Returns a sample."""
    return registry.get_sample_value(f"pouls_{name}", labels)


def test_a_commit_says_what_there_is(metrics: AlertMetrics, registry: CollectorRegistry) -> None:
    """By rule, severity and state; what is resolved is not there."""
    a, b = alert("a"), alert("b")
    over = instance(alert("c"), over=True)
    there = {a.key: instance(a), b.key: instance(b), Key("abandonment", "queue:c"): over}
    metrics.committed(CLOCK_MS, there, [a, b])

    labels = {"rule": "abandonment", "severity": "critical"}
    assert value(registry, "alert_instances", state="firing", **labels) == 2
    assert value(registry, "alert_transitions_total", rule="abandonment", event="fire") == 2
    assert value(registry, "alert_last_commit_timestamp_seconds") == CLOCK_MS / 1000

    metrics.committed(CLOCK_MS, {}, [])
    assert value(registry, "alert_instances", state="firing", **labels) is None


def test_who_does_not_lead_knows_of_no_alerts(
    metrics: AlertMetrics, registry: CollectorRegistry
) -> None:
    """Or two processes would tell of the same."""
    metrics.leads(leads=True)
    metrics.committed(CLOCK_MS, {alert("a").key: instance(alert("a"))}, [])
    assert value(registry, "alert_evaluator_leader") == 1

    metrics.leads(leads=False)
    assert value(registry, "alert_evaluator_leader") == 0
    assert b'rule="abandonment"' not in generate_latest(registry)


def test_how_long_it_took_somebody(metrics: AlertMetrics, registry: CollectorRegistry) -> None:
    """From when it fired, by the clock; what is over or unknown does not count."""
    fired = alert("a")
    ack = alert("a", "ack", clock_ms=CLOCK_MS + 90_000)
    metrics.committed(CLOCK_MS, {fired.key: instance(fired)}, [ack])
    metrics.committed(CLOCK_MS, {}, [ack])
    ended = instance(fired, over=True)
    metrics.committed(CLOCK_MS, {fired.key: ended}, [ack])
    unknown = msgspec.structs.replace(instance(fired), fired_clock_ms=None)
    metrics.committed(CLOCK_MS, {fired.key: unknown}, [ack])

    assert value(registry, "alert_ack_delay_seconds_count") == 1
    assert value(registry, "alert_ack_delay_seconds_sum") == 90


def test_the_rest_is_counted(metrics: AlertMetrics, registry: CollectorRegistry) -> None:
    """Each under its name."""
    metrics.evaluated(0.02)
    metrics.fenced()
    metrics.audited(3)
    metrics.investigations({"open": 2, "closed": 5})
    metrics.delivered("mailto", "sent", 2)
    metrics.missed(1)
    metrics.outbox(notices=1, deliveries=2, later=3, dead=4, oldest_ms=CLOCK_MS)
    metrics.breakers({"slack": 1})

    metrics.beaten("sent")
    metrics.reloaded(CLOCK_MS)
    metrics.reloaded(None)

    assert value(registry, "alert_evaluation_duration_seconds_count") == 1
    assert value(registry, "alert_heartbeats_total", outcome="sent") == 1
    assert value(registry, "alert_reloads_total", outcome="refused") == 1
    assert value(registry, "config_last_reload_success_timestamp_seconds") == CLOCK_MS / 1000
    assert value(registry, "alert_fenced_commits_total") == 1
    assert value(registry, "alert_audit_findings_total") == 3
    assert value(registry, "investigations", status="open") == 2
    assert value(registry, "alert_deliveries_total", channel="mailto", outcome="sent") == 2
    assert value(registry, "alert_unreachable_total") == 1
    assert value(registry, "alert_outbox_pending", of="later") == 3
    assert value(registry, "alert_dead_letters") == 4
    assert value(registry, "alert_outbox_oldest_timestamp_seconds") == CLOCK_MS / 1000
    assert value(registry, "alert_breakers_open", channel="slack") == 1

    metrics.outbox(notices=0, deliveries=0, later=0, dead=4, oldest_ms=None)
    assert value(registry, "alert_outbox_oldest_timestamp_seconds") == 0
    assert Severity.NONE.name not in generate_latest(registry).decode()
