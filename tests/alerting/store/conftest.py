"""A real Redis, and a Valkey, for the memory of alerts."""

from collections.abc import AsyncIterator

import pytest
import redis

from tests.alerting.store.shifted import Shifted
from tests.servers import Server
from tests.store.conftest import server

__all__ = ["redis_url", "server", "store"]


@pytest.fixture
def redis_url(server: Server) -> str:
    """An empty server's address."""
    with redis.Redis(port=server.port) as client:
        client.flushall()
    return f"redis://{server.address}/0"


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[Shifted]:
    """A store in an empty server, with a clock that stands still unless it is moved."""
    one = Shifted(redis_url)
    await one.set_clock(Shifted.START_MS)
    yield one
    await one.close()
