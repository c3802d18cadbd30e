"""What every test of a notifier needs: tools, and a server that listens."""

from collections.abc import AsyncIterator

import pytest

from alerting.notifiers.base import Tools, client
from tests.alerting.loopback import Loopback
from tests.alerting.telling import CLOCK_MS


@pytest.fixture
async def tools() -> AsyncIterator[Tools]:
    """Tools with a clock that stands still."""
    async with client() as http:
        yield Tools(http, lambda: CLOCK_MS)


@pytest.fixture
async def server() -> AsyncIterator[Loopback]:
    """A server that answers 200 until it is given a script."""
    async with Loopback() as running:
        yield running
