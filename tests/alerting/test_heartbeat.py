"""The dead man's switch is pressed only while all is well."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from prometheus_client import CollectorRegistry

from alerting.heartbeat import FOLLOWS, Heartbeat
from alerting.metrics import AlertMetrics
from tests.alerting.loopback import Loopback


@pytest.fixture
async def server() -> AsyncIterator[Loopback]:
    """Somebody who listens."""
    async with Loopback() as server:
        yield server


class Beating:
    """A heartbeat under way, and what troubles it."""

    def __init__(self, server: Loopback) -> None:
        self.trouble = ""
        self.registry = CollectorRegistry()
        self.heart = Heartbeat(
            f"http://{server.address}/secret-token", lambda: self.trouble,
            AlertMetrics(self.registry), 0.001,
        )  # fmt: skip
        self.task = asyncio.create_task(self.heart.run())

    async def end(self) -> None:
        """Stops it."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    def counted(self, outcome: str) -> float:
        """Returns how many beats had an outcome."""
        labels = {"outcome": outcome}
        return self.registry.get_sample_value("pouls_alert_heartbeats_total", labels) or 0


@pytest.fixture
async def beating(server: Loopback) -> AsyncIterator[Beating]:
    """A heart that beats quickly."""
    beating = Beating(server)
    yield beating
    await beating.end()


async def test_it_beats_while_all_is_well_and_not_otherwise(
    server: Loopback, beating: Beating
) -> None:
    """Silence is the alarm."""
    await server.came(3)
    assert {r.method for r in server.requests} == {"POST"}
    assert server.requests[0].json == {"status": "ok"}

    beating.trouble = "Redis is away"
    await asyncio.sleep(0.05)
    heard = len(server.requests)
    await asyncio.sleep(0.05)
    assert len(server.requests) == heard

    beating.trouble = ""
    await server.came(heard + 1)
    assert beating.counted("sent") >= heard


async def test_what_is_wrong_is_said_once_and_never_where(
    server: Loopback, beating: Beating, caplog: pytest.LogCaptureFixture
) -> None:
    """The address is a secret."""
    with caplog.at_level(logging.INFO, "pouls.alerts"):
        server.after = 500
        await server.came(len(server.requests) + 4)
        server.deaf = True
        await asyncio.sleep(0.05)
        server.deaf, server.after = False, 200
        await server.came(len(server.requests) + 3)
        for beating.trouble in ("the numbers stand still", FOLLOWS):
            await asyncio.sleep(0.05)
    said = [r.getMessage() for r in caplog.records]

    assert said.count("the heartbeat was not heard: status 500") == 1
    assert said[-2:] == ["the heartbeat is heard", "no heartbeat: the numbers stand still"]
    assert not any("secret" in line or server.address in line for line in said)
    assert beating.counted("failed") >= 3
