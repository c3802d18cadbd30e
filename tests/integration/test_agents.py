"""Agents' time on real servers: what the API says now is what `pouls report` folds from the file.

Plans, states and calls out of order, twice, late and corrected; a worker dies, another hangs. And a
plan that is revised changes what has been, at once.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator, Sequence
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
from tests.integration.staff import Staff

COSTS = """
[cost]
rate = 30
sites.site-1 = 40
teams.team-00 = 50
"""
QUARTER = timedelta(minutes=15)
GENEROUS_S = 60
"""What is promised is 2 s; how long it took is printed, for machines that are busy."""


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
    keys = [f"pouls:1:{{{topic}-{p}}}" for topic, p in SOURCES]
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
    """The wall's connection tells another adherence, said to be revised: exactly the report's."""
    events = people.events()
    operation.worker("one")
    operation.replay(written(operation.directory / "sent.jsonl", events))
    operation.settle()
    operation.api()  # to which nothing that was there before is a revision
    settle(operation)
    who = people.people[0]
    revision = people.revised(who, day=1, revision=2, late_ms=90 * MINUTE_MS)

    took_s, before, after = asyncio.run(_revise(operation, who, revision))
    sys.stdout.write(f"revised on the wall after {took_s:.2f} s\n")

    assert not before["8h"]["rev"]
    assert after["8h"]["rev"]
    assert before["today"]["v"] != after["today"]["v"]
    settle(operation)
    same_as_reported(operation, [*events, revision], ["today"])


async def _revise(
    operation: Operation, who: Agent, revision: bytes
) -> tuple[float, dict[str, Any], dict[str, Any]]:
    """Send a plan; return how long it took to change adherence, which was what, and is what."""
    topics = [f"team:{who.team}@{window}" for window in ("8h", "today")]
    async with connect(f"ws://{operation.env['POULS_LISTEN']}/ws/v1") as socket:
        wall = Wall(socket)
        await socket.send(
            json.dumps({"type": "subscribe", "id": 1, "topics": topics, "kpis": ["adherence"]})
        )
        before = await wall.once(lambda values: len(values) == len(topics))
        began = time.monotonic()
        await asyncio.to_thread(_send, operation, who, revision)
        after = await wall.once(lambda values: values["8h"]["rev"])
        return time.monotonic() - began, before, after


class Wall:
    """What a wall knows of one team's adherence, by window."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._values: dict[str, Any] = {}

    async def once(self, true: Any) -> dict[str, Any]:
        """Return the values as soon as something is true of them."""
        async with asyncio.timeout(GENEROUS_S):
            while not (self._values and true(self._values)):
                message = json.loads(await self._socket.recv())
                topics = message.get("topics", message.get("d"))
                if message["type"] in ("snapshot", "delta"):
                    for topic, values in dict(topics).items():
                        self._values[topic.partition("@")[2]] = values["adherence"]
        return dict(self._values)


def _send(operation: Operation, who: Agent, value: bytes) -> None:
    key = who.name.encode()
    producer = KafkaProducer(bootstrap_servers=operation.env["POULS_KAFKA"])
    try:
        producer.send("agents", value, key, partition=partition_of(key, PARTITIONS))
        producer.flush()
    finally:
        producer.close()
