"""A worker's metrics, and what it answers when it is asked how it feels."""

import json

import httpx
import pytest

from streams.core.ledger import Ledger
from streams.core.policy import FoldPolicy
from streams.telemetry import DEGRADED_EVENTS, DEGRADED_LETTERS, STUCK_S, Telemetry, Vitals, serve


def event(kind: str, **changes: object) -> bytes:
    """Returns an event."""
    body = {"type": kind, "id": "1", "source": "s", "subject": "c", "time": "2026-03-12T09:59:59Z"}
    return json.dumps(body | changes).encode()


def ready() -> str:
    """Nothing is missing."""
    return ""


def test_each_worker_has_a_registry_of_its_own() -> None:
    """Two in one process do not collide, and nothing is in the global registry."""
    first, second = Telemetry(), Telemetry()
    first.folded("calls", 3, ["time"])
    labels = {"topic": "calls"}
    assert first.registry.get_sample_value("pouls_records_total", labels) == 3
    assert second.registry.get_sample_value("pouls_records_total", labels) is None


def test_a_ledgers_counts_become_counters() -> None:
    """Names with a detail become a label; names that nobody knows are left alone."""
    told = Telemetry()
    told.counted("calls", {"late": 2, "corrected:negative_duration": 3, "other:queue": 4, "x": 9})
    told.counted("agents", {"misplaced": 1})
    value = told.registry.get_sample_value
    assert value("pouls_late_total", {"topic": "calls"}) == 2
    assert value("pouls_misplaced_agents_total", {"topic": "agents"}) == 1
    reason = {"topic": "calls", "reason": "negative_duration"}
    assert value("pouls_corrected_total", reason) == 3
    assert value("pouls_other_values_total", {"topic": "calls", "dimension": "queue"}) == 4


def test_what_a_ledger_counts_is_known_by_name() -> None:
    """Every count of a ledger that matters outside has its metric."""
    told, ledger = Telemetry(), Ledger(FoldPolicy(max_values=1), "voice")
    ledger.apply_all(
        [
            event("survey.sent", time="2026-03-12T10:00:00Z"),
            event("contact.levitated"),
            event("contact.queued", subject="c1", data={"queue": "a"}),
            event("contact.queued", subject="c2", data={"queue": "b"}),
            event("contact.answered", id="2", subject="c2", data={"wait_s": -1}),
            event("contact.ended", time="2026-03-01T10:00:00Z"),
        ],
        1 << 60,
    )
    ledger.take_changes()

    told.counted("calls", ledger.counts)

    value = told.registry.get_sample_value
    of = {"topic": "calls"}
    assert value("pouls_accepted_only_total", of | {"type": "survey.sent"}) == 1
    assert value("pouls_unknown_type_total", of) == 1
    assert value("pouls_late_total", of) == 1
    assert value("pouls_other_values_total", of | {"dimension": "queue"}) == 1
    assert value("pouls_corrected_total", of | {"reason": "negative_duration"}) == 1
    internal = {"lost", "disorder", "repeated", "superseded"}
    known = {"late", "unknown_type", "accepted", "corrected", "other"}
    assert {name.partition(":")[0] for name in ledger.counts} <= known | internal


def test_many_dead_letters_degrade_until_better_events_come() -> None:
    """N in M events: then we are wrong, not they."""
    told = Telemetry()
    told.folded("calls", 1_000, ["invalid"] * (DEGRADED_LETTERS - 1))
    assert told.degraded == ""
    told.folded("calls", 1_000, ["invalid"])
    assert told.degraded == "100 of the last 2000 records are dead letters"
    for _ in range(DEGRADED_EVENTS // 1_000):
        told.folded("calls", 1_000, [])
    assert told.degraded == ""


def test_the_gauges_of_a_source_go_with_it() -> None:
    """Somebody else's source is not ours to tell."""
    told = Telemetry()
    told.lag.labels("calls-0").set(5)
    told.forget("calls-0")
    told.forget("calls-0")
    assert told.registry.get_sample_value("pouls_lag_records", {"source": "calls-0"}) is None


@pytest.mark.parametrize(
    ("path", "status"), [("/metrics", 200), ("/healthz", 200), ("/readyz?x=1", 200), ("/", 404)]
)
def test_paths(path: str, status: int) -> None:
    """What is served, and nothing else."""
    assert Vitals(Telemetry().registry, ready).answer(path)[0] == status


def test_not_ready_says_why() -> None:
    """Readiness names what is missing; health is another matter."""
    vitals = Vitals(Telemetry().registry, lambda: "waiting for Kafka and Redis")
    status, _, body = vitals.answer("/readyz")
    assert (status, json.loads(body)["reason"]) == (503, "waiting for Kafka and Redis")
    assert vitals.answer("/healthz")[0] == 200


def test_dead_letters_degrade_readiness() -> None:
    """Bad input never stops the worker; much of it is told."""
    told = Telemetry()
    told.folded("calls", 100, ["invalid"] * 100)
    status, _, body = Vitals(told.registry, lambda: told.degraded).answer("/readyz")
    assert status == 503
    assert b"100 of the last 100 records" in body


def test_a_stuck_event_loop_is_not_healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody must end a process that does not move; a beat makes it healthy again."""
    now = 1_000.0
    monkeypatch.setattr("streams.telemetry.time.monotonic", lambda: now)
    vitals = Vitals(Telemetry().registry, ready)
    now += STUCK_S + 1
    status, _, body = vitals.answer("/healthz")
    assert status == 503
    assert b"has not moved for 31 s" in body
    vitals.beat()
    assert vitals.answer("/healthz")[0] == 200


def test_it_is_served_over_http() -> None:
    """Scrapes are answered from a thread of their own."""
    told = Telemetry()
    told.folded("calls", 3, [])
    server = serve("127.0.0.1:0", Vitals(told.registry, ready))
    try:
        base = f"http://127.0.0.1:{server.server_port}"
        assert 'pouls_records_total{topic="calls"} 3.0' in httpx.get(f"{base}/metrics").text
        assert httpx.get(f"{base}/nothing").status_code == 404
    finally:
        server.shutdown()
        server.server_close()
