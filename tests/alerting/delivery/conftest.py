"""A real Redis for whoever sends; the Valkey of the demo where there is none."""

import shutil
from collections.abc import Iterator

import pytest
import redis

from tests import servers
from tests.servers import Server
from tests.store.conftest import _valkey


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The session's server, running; what is in it does not count."""
    start = servers.redis if shutil.which("redis-server") else _valkey
    with start(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture
def redis_url(redis_server: Server) -> str:
    """An empty server's address."""
    with redis.Redis(port=redis_server.port) as client:
        client.flushall()
    return f"redis://{redis_server.address}/0"
