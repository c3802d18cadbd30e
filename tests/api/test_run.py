"""The process: how it ends."""

import asyncio
import contextlib
import json
import os
import signal
import sys

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from deploy.kafka.broker import free_port

CHILD = """
import logging, os, sys
from api import app
from streams.settings import load_settings, sources

def reported(*_):  # no Kafka here, and no wait for it
    logging.getLogger("kafka.net").error("what kafka-python says while a broker is away")
    return {}

sources.reported = reported
sys.exit(app.run(load_settings(os.environ)))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_process_in_order(number: signal.Signals) -> None:
    """Everybody hears of it first; exit code 0."""
    address = f"127.0.0.1:{free_port()}"
    environ = {"POULS_LISTEN": address, "POULS_REDIS": "redis://127.0.0.1:1/0"}
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHILD, env=os.environ | environ, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(30):
        wall = await _connected(address)
        await wall.send(json.dumps({"type": "subscribe", "id": 1, "topics": ["site@live"]}))
        child.send_signal(number)
        last = await _last(wall)
        _, said = await child.communicate()

    assert json.loads(last)["type"] == "bye"
    assert wall.close_code == 1012
    assert child.returncode == 0, said
    assert b"Redis" in said
    assert b"kafka-python" not in said


async def _connected(address: str) -> ClientConnection:
    while True:
        try:
            return await connect(f"ws://{address}/ws/v1")
        except OSError:
            await asyncio.sleep(0.05)


async def _last(wall: ClientConnection) -> str:
    """Returns the last message before the connection ends."""
    last = ""
    with contextlib.suppress(ConnectionClosed):
        while True:
            last = str(await wall.recv())
    return last
