"""Agents and their calls around now, sent as badly as sources send them; what is known of them.

It is afternoon for them, whenever the tests run: so the zone of the settings is chosen.
"""

import random
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from streams.core.events import order_key
from streams.core.kpis import KPIS
from tests.benchmarks import agents_load, load
from tests.benchmarks.agents_load import DAY_MS, HOUR_MS, MINUTE_MS, Agent, Start
from tests.integration.operation import Operation

AFTERNOON = 14
AGENTS = 30
TEAMS = 4
CALLS = 200
DISORDER_MS = 6 * HOUR_MS
TWICE = 0.03
OTHER_TEAM = "team-other"


class Staff:
    """Two days of agents up to now, and what corrects them afterwards."""

    def __init__(self, seed: int) -> None:
        now = datetime.now(UTC)
        offset_h = AFTERNOON - now.hour
        self.zone = f"Etc/GMT{-offset_h:+d}" if offset_h else "UTC"
        local = now.astimezone(timezone(timedelta(hours=offset_h)))
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        self.midnight_ms = int(midnight.timestamp()) * 1000
        self.now_ms = int(now.timestamp() * 1000)
        self.start = Start(self.midnight_ms - DAY_MS, (midnight - timedelta(days=1)).date())
        self.people = agents_load.people(AGENTS, seed, TEAMS)
        self._rng = random.Random(seed)
        self._seed = seed

    def events(self) -> list[bytes]:
        """Return plans, states and calls in order of time, up to a minute ago."""
        sent = agents_load.events(self.people, range(2), self._seed, self.start)
        found = {record.value for record in sent} | set(self._calls())
        by_time = sorted((order_key(value), value) for value in found)
        return [value for (ms, *_), value in by_time if ms < self.now_ms - MINUTE_MS]

    def disturbed(self, events: Sequence[bytes]) -> list[bytes]:
        """Return the events out of order, some twice, revisions and late states among them."""
        rng = self._rng
        moved = [(order_key(value)[0] + rng.randrange(DISORDER_MS), value) for value in events]
        moved += [(ms + rng.randrange(DISORDER_MS), value) for ms, value in moved if self._some()]
        return [value for _, value in sorted(moved)]

    def _some(self) -> bool:
        return self._rng.random() < TWICE

    def corrections(self) -> list[bytes]:
        """Return what is sent at last: older and newer plans, states of yesterday, another team."""
        found = []
        for who in self.people[::3]:
            for day, late_ms in ((0, 20 * MINUTE_MS), (1, HOUR_MS)):
                found += [self.revised(who, day, revision, late_ms) for revision in (3, 2)]
        for who in self.people[::4]:
            noon_ms = self.start.ms + 12 * HOUR_MS + self._rng.randrange(HOUR_MS)
            name = f"{who.name}-late"
            found.append(agents_load.state(who, name, noon_ms, "paused", "training"))
            moved = who._replace(team=OTHER_TEAM)
            noon_ms = self.midnight_ms + 12 * HOUR_MS
            found.append(agents_load.state(moved, f"{who.name}-moved", noon_ms, "available"))
        return found

    def revised(self, who: Agent, day: int, revision: int, late_ms: int) -> bytes:
        """Return another plan of yesterday (0) or today (1), of this moment."""
        now_ms = time.time_ns() // 1_000_000
        return agents_load.plan(who, day, now_ms, revision, late_ms // revision, self.start)

    def _calls(self) -> Iterator[bytes]:
        for number in range(CALLS):
            who = self._rng.choice(self.people)
            at = self.now_ms - self._rng.randrange(26 * HOUR_MS)
            data = {"queue": who.queues[0], "agent": who.name, "team": who.team}
            steps: list[tuple[str, int, dict[str, object]]] = [
                ("created", 0, {}),
                ("queued", 5, {"queue": who.queues[0]}),
                ("answered", 20, {**data}),
                ("ended", 140, {}),
                ("wrapped", 170, {"wrap_s": 30}),
            ]
            for kind, seconds, said in steps:
                moment = datetime.fromtimestamp(at / 1000 + seconds, UTC)
                yield load.event(f"call-{number}", kind, moment, said)


SEGMENTS = "site,team:*,queue:*"
PEOPLE = "agent:a00000,agent:a00001,agent:a00004,agent:a00012,agent:a00025"
WINDOWS = {
    "live": f"{SEGMENTS},{PEOPLE}",
    "30m": SEGMENTS,
    "interval": f"{SEGMENTS},{PEOPLE}",
    "today": f"{SEGMENTS},{PEOPLE}",
}
"""Window → what is read in it: agents have no minutes."""
LIVE = ",".join(kpi.id for kpi in KPIS.values() if kpi.kind == "live")
LASTING = ",".join(kpi.id for kpi in KPIS.values() if kpi.kind != "live")
BY_AGENTS = ",".join(
    kpi.id for kpi in KPIS.values() if kpi.of_agents and kpi.kind not in ("live", "cost")
)
Values = dict[tuple[str, str], dict[str, Any]]
"""(segment, KPI) → what is compared of its reading, as written."""
COMPARED = ("value", "n", "part", "whole", "status", "formula")


def read(operation: Operation, window: str) -> tuple[str, Values]:
    """Return now, and what the API says then of all KPIs that a window has."""
    query = {"segment": WINDOWS[window], "kpi": _kpis(window), "window": window}
    answer = operation.get("/api/v1/readings", **query)
    return answer["now"], _values(answer)


def reported(operation: Operation, file: Path, window: str, at: str) -> Values:
    """Return what `pouls report` says of the same."""
    return _values(
        operation.report(
            "events", file, "--window", window, "--segment", WINDOWS[window],
            "--kpi", _kpis(window), "--at", at,
        )
    )  # fmt: skip


def _kpis(window: str) -> str:
    return LIVE if window == "live" else LASTING


def _values(answer: dict[str, Any]) -> Values:
    return {
        (reading["segment"], reading["kpi"]): {name: reading[name] for name in COMPARED}
        for reading in answer["readings"]
    }
