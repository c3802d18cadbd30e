"""Agents' time on real servers: what the API says now is what `pouls report` folds from the file.

Plans, states and calls out of order, twice, late and corrected; a worker dies, another hangs. And a
plan that is revised changes what has been, at once.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer
from websockets.asyncio.client import connect

from streams.core.buckets import iso
from tests.benchmarks.agents_load import MINUTE_MS, Agent
from tests.benchmarks.load import partition_of
from tests.integration import staff
from tests.integration.crew import until
from tests.integration.one_worker import SESSION_S
from tests.integration.operation import PARTITIONS, SOURCES, Operation, Table, written
from tests.integration.staff import TEAMS, Staff

COSTS = """
[cost]
rate = 30
sites.site-1 = 40
teams.team-00 = 50
"""
QUARTER = timedelta(minutes=15)
PROMISED_S = 2
GENEROUS_S = 60
Values = dict[str, dict[str, Any]]
"""Topic → KPI → value, as messages carry it."""


@pytest.fixture
def people() -> Staff:
    """Who works, and what is known of it."""
    return Staff(seed=7)


@pytest.fixture
def operation(tmp_path: Path, kafka: str, redis_url: str, people: Staff) -> Iterator[Operation]:
    """An installation where it is afternoon."""
    for made in Operation.on(tmp_path, kafka, redis_url):
        made.configure(f'timezone = "{people.zone}"\n{COSTS}')
        yield made


def begun(operation: Operation) -> bool:
    """Whether every source has an owner."""
    keys = [f"pouls:2:{{{topic}-{p}}}" for topic, p in SOURCES]
    return all(operation.redis.exists(key) for key in keys)


def settle(operation: Operation) -> None:
    """Wait until everything sent is stored, and the API has taken it in."""
    operation.settle()
    stored = datetime.now().astimezone()

    def fresh() -> bool:
        answer = operation.get("/api/v1/readings", segment="site", window="live")
        as_of = answer["as_of"]
        return as_of is not None and datetime.fromisoformat(as_of) > stored

    until("the API knows everything", fresh)


def same_as_reported(
    operation: Operation, events: Sequence[bytes], windows: Sequence[str] = tuple(staff.WINDOWS)
) -> None:
    """Compare all readings with the report of the same instant."""
    file = written(operation.directory / "told.jsonl", events)

    def compared(window: str) -> tuple[staff.Values, staff.Values]:
        now, values = staff.read(operation, window)
        return values, staff.reported(operation, file, window, now)

    with ThreadPoolExecutor(2) as pool:
        for window, (values, wanted) in zip(windows, pool.map(compared, windows), strict=True):
            assert len(wanted) > 500, "nothing to compare"
            assert _differences(values, wanted) == [], window


def same_history(operation: Operation, people: Staff) -> None:
    """Compare all quarter hours that have ended, of the file that was compared last."""
    asked = {"by": "interval", "kpi": staff.BY_AGENTS, "segment": staff.WINDOWS["interval"]}
    now = operation.get("/api/v1/readings")["now"]
    history = operation.get("/api/v1/history", **asked, **{"from": iso(people.start.ms)})
    options = [word for name, value in asked.items() for word in (f"--{name}", value)]
    told = operation.report("events", operation.directory / "told.jsonl", *options, "--at", now)
    rows = _ended(history, now)
    assert rows == _ended(told, now)
    assert len(rows) > 500, "nothing to compare"


def _differences(found: staff.Values, wanted: staff.Values) -> list[Any]:
    return [
        (key, found.get(key), wanted.get(key))
        for key in sorted({*found, *wanted})
        if found.get(key) != wanted.get(key)
    ]


def _ended(table: Table, now: str) -> list[Any]:
    end = datetime.fromisoformat(now)
    return [row for row in table["rows"] if datetime.fromisoformat(row[0]) + QUARTER <= end]


def test_agents_time_is_exact_under_kill_and_freeze(operation: Operation, people: Staff) -> None:
    """Two workers; one dies while it folds, the other hangs beyond its session and goes on."""
    events, corrections = people.events(), people.corrections()
    sent = people.disturbed(events)
    first = written(operation.directory / "first.jsonl", sent[: len(sent) // 2])
    second = written(operation.directory / "second.jsonl", sent[len(sent) // 2 :])
    operation.api()
    one, two = operation.hasty_worker("one"), operation.hasty_worker("two")
    until("all sources are claimed", lambda: begun(operation))
    operation.replay(first)
    one.kill()
    two.freeze()
    operation.replay(second)
    one.start()
    operation.replay(written(operation.directory / "corrections.jsonl", corrections))
    time.sleep(SESSION_S + 2)
    two.thaw()
    settle(operation)

    same_as_reported(operation, [*events, *corrections])
    same_history(operation, people)
    assert two.running, two.said()


def test_a_revised_plan_of_this_morning_changes_this_morning(
    operation: Operation, people: Staff
) -> None:
    """On the wall within 2 s, today and in the last hours, said to be revised, and nothing else.

    The wall has been open all the time. Each team gets another plan for one of its people; the
    fastest counts, for machines that are busy.
    """
    events = people.events()
    api = operation.api()
    operation.worker("one")
    operation.replay(written(operation.directory / "sent.jsonl", events))
    settle(operation)

    revisions = [
        (who, people.revised(who, day=1, revision=2, late_ms=90 * MINUTE_MS))
        for who in people.people[:TEAMS]
    ]
    took_s = asyncio.run(_revise(operation, revisions))

    sys.stdout.write(f"revised on the wall after {', '.join(f'{s:.2f}' for s in took_s)} s\n")
    assert min(took_s) < PROMISED_S
    settle(operation)
    same_as_reported(operation, [*events, *(value for _, value in revisions)], ["today"])
    said = _revised_of_today(operation)
    assert {"adherence", "scheduled_time", "out_late"} <= said
    assert not said & {"service_level", "offered", "occupancy"}
    api.stop()
    operation.api()
    settle(operation)
    assert _revised_of_today(operation) == said


def _revised_of_today(operation: Operation) -> set[str]:
    """Return the KPIs of the site whose number of today is marked."""
    answer = operation.get("/api/v1/readings", segment="site", kpi=staff.LASTING, window="today")
    return {reading["kpi"] for reading in answer["readings"] if reading["revised"]}


async def _revise(operation: Operation, revisions: Sequence[tuple[Agent, bytes]]) -> list[float]:
    """Send plans; return how long each took from the log to the wall, by the servers' clocks."""
    places = ("site", *(f"team:{who.team}" for who, _ in revisions))
    topics = [f"{place}@{window}" for place in places for window in ("8h", "today")]
    subscription = {
        "type": "subscribe", "id": 1, "topics": topics, "kpis": ["adherence", "service_level"],
    }  # fmt: skip
    took_s = []
    async with connect(f"ws://{operation.env['POULS_LISTEN']}/ws/v1") as socket:
        wall = Wall(socket)
        await socket.send(json.dumps(subscription))
        before = await wall.once(lambda values: values.keys() >= {*topics})
        assert not any(value["rev"] for of_topic in before.values() for value in of_topic.values())
        for who, revision in revisions:
            own = [f"team:{who.team}@{window}" for window in ("8h", "today")]
            appended_ms = await asyncio.to_thread(_send, operation, who, revision)
            after = await wall.once(_all_revised(own))
            took_s.append(wall.ts - appended_ms / 1000)
            for topic in own:
                assert after[topic]["adherence"]["v"] != before[topic]["adherence"]["v"]
        await wall.once(_all_revised(topics))
        assert not any(values["service_level"]["rev"] for values in wall.values.values())
        assert wall.values["site@today"]["service_level"]["v"] is not None
    return took_s


def _all_revised(topics: Iterable[str]) -> Callable[[Values], bool]:
    return lambda values: all(values[topic]["adherence"]["rev"] for topic in topics)


class Wall:
    """What a wall knows."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self.values: Values = {}
        self.ts = 0.0
        """By the server's clock: when it said so."""

    async def once(self, true: Callable[[Values], bool]) -> Values:
        """Return the values as soon as something is true of them."""
        async with asyncio.timeout(GENEROUS_S):
            while not (self.values and true(self.values)):
                message = json.loads(await self._socket.recv())
                if message["type"] in ("snapshot", "delta"):
                    self.ts = message["ts"]
                    for topic, values in dict(message.get("topics", message.get("d"))).items():
                        self.values[topic] = self.values.get(topic, {}) | values
        return dict(self.values)


def _send(operation: Operation, who: Agent, value: bytes) -> int:
    """Send a plan; return when the broker appended it, in ms."""
    key = who.name.encode()
    producer = KafkaProducer(bootstrap_servers=operation.env["POULS_KAFKA"])
    try:
        sent = producer.send("agents", value, key, partition=partition_of(key, PARTITIONS))
        return int(sent.get(timeout=GENEROUS_S).timestamp)
    finally:
        producer.close()
