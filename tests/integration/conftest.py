"""A real Apache Kafka and a real Redis: one of each a session, empty for every test.

`kafka` and `redis_url` are the addresses, emptied before the test. Tests that break the servers
(away, frozen, restarted) take a pair of their own from `own_kafka` and `own_redis`.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis as redis_client
from kafka import KafkaAdminClient

from deploy.kafka.broker import BrokerError
from tests import servers
from tests.servers import Server, ServerError


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder, so that `-m "not integration"` leaves it out."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.integration)


def _missing(error: Exception) -> None:
    """Skip on a developer's machine that lacks a server; in CI that is a failure."""
    if os.environ.get("CI"):
        raise error
    pytest.skip(str(error))


@pytest.fixture(scope="session")
def kafka_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The session's Kafka, running; its topics are those that earlier tests left."""
    yield from _running_kafka(tmp_path_factory.mktemp("kafka"))


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The session's Redis, running; its keys are those that earlier tests left."""
    yield from _running_redis(tmp_path_factory.mktemp("redis"))


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[Server]:
    """A Kafka for one test that stops, kills or freezes it."""
    yield from _running_kafka(tmp_path / "kafka")


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[Server]:
    """A Redis for one test that stops, kills or freezes it."""
    yield from _running_redis(tmp_path / "redis")


def _running_kafka(directory: Path) -> Iterator[Server]:
    try:
        server = servers.kafka(directory)
    except BrokerError as error:
        _missing(error)
        return
    with server:
        yield server


def _running_redis(directory: Path) -> Iterator[Server]:
    try:
        server = servers.redis(directory)
    except ServerError as error:
        _missing(error)
        return
    with server:
        yield server


@pytest.fixture
def kafka(kafka_server: Server) -> str:
    """`host:port` of a real Kafka without topics and without consumer groups."""
    admin = KafkaAdminClient(bootstrap_servers=kafka_server.address)
    try:
        topics = [name for name in admin.list_topics() if not name.startswith("__")]
        if topics:
            admin.delete_topics(topics)
        groups = [group["group_id"] for group in admin.list_groups()]
        if groups:
            admin.delete_groups(groups)
    finally:
        admin.close()
    return kafka_server.address


@pytest.fixture
def redis_url(redis_server: Server) -> str:
    """`redis://…` of a real, empty Redis."""
    url = f"redis://{redis_server.address}/0"
    with redis_client.Redis.from_url(url) as client:
        client.flushall()
    return url
