"""All operational metrics of a worker, and where a process serves its: /metrics, /healthz, /readyz.

The numbers of the contact centre are not here: the API serves those. Served from a thread of its
own, so that a stuck event loop is told and not hidden.
"""

import json
import threading
import time
from collections import Counter as Tally
from collections import deque
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

DEGRADED_LETTERS: Final = 100
DEGRADED_EVENTS: Final = 10_000
"""So many dead letters in the last so many events, and we are wrong rather than they."""
STUCK_S: Final = 30.0
"""An event loop that has not moved for so long is not healthy."""
COMMIT_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
COUNTED: Final = ("late", "unknown_type", "lost", "misplaced")
"""Counts of a ledger that have no detail; those with one are written "corrected:REASON"."""


class Telemetry:
    """Metrics of one worker process in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        count, gauge = self._count, self._gauge
        self.records = count("records", "Records folded", "topic")
        self.dead_letters = count("dead_letters", "Records not folded", "topic", "reason")
        self.late = count("late", "Events beyond the horizon, not folded", "topic")
        self.unknown_types = count("unknown_type", "Events of types nobody knows", "topic")
        self.lost = count("lost", "Contacts without an end, given up", "topic")
        self.misplaced = count(
            "misplaced_agents", "Agents in a partition that is not their id's", "topic"
        )
        self.accepted = count("accepted_only", "Events accepted, not folded yet", "topic", "type")
        self.corrected = count("corrected", "Values that were corrected", "topic", "reason")
        self.other_values = count(
            "other_values", "Values booked as `other`: too many", "topic", "dimension"
        )
        self.commits = count("commits", "Commits to the store", "topic")
        self.commit_seconds = Histogram(
            "pouls_commit_seconds",
            "How long a commit to the store took",
            buckets=COMMIT_BUCKETS,
            registry=self.registry,
        )
        self.retries = count("retries", "Attempts without an answer, repeated", "of")
        self.refused_commits = count("refused_commits", "Commits and beats refused", "topic")
        self.refused_chunks = count("refused_chunks", "Chunks out of order, read again", "topic")
        self.claims = count("claims", "Claims of a source", "topic")
        self.gaps = count("gap_records", "Offsets lost: the log begins later", "topic")
        self.lag = gauge("lag_records", "Records behind the end of the log", "source")
        self.uncommitted = gauge("uncommitted_records", "Records folded only", "source")
        self.source_time = gauge("source_time_seconds", "Greatest event time (Unix)", "source")
        self._window: deque[tuple[int, int]] = deque()  # events and letters, chunk by chunk
        self._events = self._letters = 0

    def _count(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(f"pouls_{name}", what, labels, registry=self.registry)

    def _gauge(self, name: str, what: str, *labels: str) -> Gauge:
        return Gauge(f"pouls_{name}", what, labels, registry=self.registry)

    def folded(self, topic: str, events: int, reasons: list[str]) -> None:
        """Counts one chunk: how many records, and why some of them are dead letters."""
        self.records.labels(topic).inc(events)
        for reason, n in Tally(reasons).items():
            self.dead_letters.labels(topic, reason).inc(n)
        self._window.append((events, len(reasons)))
        self._events += events
        self._letters += len(reasons)
        while self._events - self._window[0][0] >= DEGRADED_EVENTS:
            events, letters = self._window.popleft()
            self._events -= events
            self._letters -= letters

    def counted(self, topic: str, more: Mapping[str, int]) -> None:
        """Adds what a ledger has counted since the last time."""
        counters = self.late, self.unknown_types, self.lost, self.misplaced
        plain = dict(zip(COUNTED, counters, strict=True))
        detailed = {
            "accepted": self.accepted,
            "corrected": self.corrected,
            "other": self.other_values,
        }
        for name, n in more.items():
            kind, _, detail = name.partition(":")
            if kind in plain:
                plain[kind].labels(topic).inc(n)
            elif kind in detailed:
                detailed[kind].labels(topic, detail).inc(n)

    def forget(self, source: str) -> None:
        """Removes the gauges of a source that is not ours any more."""
        for gauge in (self.lag, self.uncommitted, self.source_time):
            gauge.remove(source)

    @property
    def degraded(self) -> str:
        """Why readiness is degraded, or ""."""
        if self._letters < DEGRADED_LETTERS:
            return ""
        return f"{self._letters} of the last {self._events} records are dead letters"


class Vitals:
    """Whether this process is alive and ready; asked by the serving thread."""

    def __init__(self, registry: CollectorRegistry, unready: Callable[[], str]) -> None:
        """`registry` has its metrics; `unready` says what is missing, or ""."""
        self._registry, self._unready = registry, unready
        self._beaten_at = time.monotonic()

    def beat(self) -> None:
        """Says that the event loop moves."""
        self._beaten_at = time.monotonic()

    def sick(self) -> str:
        """Returns why the process is not alive, or ""."""
        age = time.monotonic() - self._beaten_at
        return f"the event loop has not moved for {age:.0f} s" if age > STUCK_S else ""

    def unready(self) -> str:
        """Returns why the process does not do its work, or ""."""
        return self.sick() or self._unready()

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Returns status, content type and body for a path."""
        match path.partition("?")[0]:
            case "/metrics":
                return 200, CONTENT_TYPE_LATEST, generate_latest(self._registry)
            case "/healthz":
                return _verdict(self.sick())
            case "/readyz":
                return _verdict(self.unready())
            case _:
                return 404, "application/json", b'{"error": "not found"}'


def _verdict(trouble: str) -> tuple[int, str, bytes]:
    body = {"status": "degraded", "reason": trouble} if trouble else {"status": "ok"}
    return 503 if trouble else 200, "application/json", json.dumps(body).encode()


def serve(listen: str, vitals: Vitals) -> ThreadingHTTPServer:
    """Serves the vitals at HOST:PORT from a thread; `server_port` of the result is the port.

    Raises:
        OSError: The address cannot be listened on.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, content_type, body = vitals.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing: scrapes are no news."""

    host, _, port = listen.rpartition(":")
    server = ThreadingHTTPServer((host.strip("[]"), int(port)), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server
