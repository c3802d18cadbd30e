"""Kafka or Redis is away, at the start or in the middle: said, waited for, nothing lost."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.integration.crew import Crew, events, until
from tests.servers import Server


@pytest.fixture
def crew(tmp_path: Path, own_kafka: Server, own_redis: Server) -> Iterator[Crew]:
    """Topics on servers of this test's own, no worker yet."""
    yield from Crew.on(tmp_path, own_kafka.address, f"redis://{own_redis.address}/0")


def test_a_worker_waits_for_kafka_and_redis(
    crew: Crew, own_kafka: Server, own_redis: Server
) -> None:
    """Started too early it says what is missing, and begins when it is there."""
    crew.send(events(200))
    own_kafka.stop()
    own_redis.stop()
    crew.worker()
    until("the worker says that Kafka is away", lambda: crew.said("Kafka at"))
    own_kafka.start()
    until("the worker says that Redis is away", lambda: crew.said("Redis: no answer"))
    own_redis.start()
    assert crew.exact() == []


def test_redis_is_killed_in_the_middle(crew: Crew, own_redis: Server) -> None:
    """What is not acknowledged is sent again; what Redis lost is folded again."""
    worker = crew.worker()
    crew.send(events(400))
    crew.settle()
    own_redis.kill()
    crew.send(events(400, 400))
    until("the worker says so", lambda: crew.said("no answer"))
    own_redis.start()
    assert crew.exact() == []
    assert worker.running


def test_kafka_is_killed_in_the_middle(crew: Crew, own_kafka: Server) -> None:
    """The worker stays, and goes on when the broker is back."""
    worker = crew.worker()
    crew.send(events(400))
    crew.settle()
    own_kafka.kill()
    until("the worker says so", lambda: "Unable to" in worker.said() or "Failed" in worker.said())
    own_kafka.start()
    crew.send(events(400, 400))
    assert crew.exact() == []
    assert worker.running


def test_kafka_goes_away_while_a_worker_starts(crew: Crew, own_kafka: Server) -> None:
    """Whatever of it had begun, it goes on when the broker is back."""
    crew.send(events(200))
    worker = crew.worker()
    until("the worker has asked Kafka", lambda: _connections(worker.pid) > 0)
    own_kafka.kill()
    until("the worker says so", lambda: crew.said("no answer") or crew.said("Unable"))
    own_kafka.start()
    assert crew.exact() == []
    assert worker.running


def _connections(pid: int) -> int:
    return len(psutil.Process(pid).net_connections("tcp"))
