"""The live protocol over real sockets: a real uvicorn, real clients, ticks made by hand."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

import api.sockets
from api.guard import Guard, own_hosts
from api.hub import Hub
from api.mailbox import MAX_MESSAGES, MAX_SKIPS
from api.messages import SUBPROTOCOL, Hello
from api.server import Server, configure
from api.sockets import Lobby
from tests.api.fakes import FakeBoard

HELLO = Hello(1, "e", "0+x", 1.0, 1000, 10_000, "fr", "c")


class Rig:
    """A server whose ticks a test makes."""

    def __init__(self, max_clients: int = 100) -> None:
        self.board = FakeBoard()
        self.hub = Hub(self.board, "e")
        self.lobby = Lobby(self.hub, lambda: HELLO, max_clients)
        self.port = 0
        self.server: Server | None = None
        self.hub.tick(1000, 1000, {})

    async def tick(self) -> None:
        """Makes a tick: `offered` is its number."""
        second = self.hub.seq + 1
        self.board.put("site@30m", "offered", value=second, n=second)
        self.hub.tick(second * 1000, second * 1000, {})
        await self.lobby.ring()

    def url(self) -> str:
        """Returns the address of the socket."""
        return f"ws://127.0.0.1:{self.port}/ws/v1"


async def until(condition: Callable[[], bool]) -> None:
    """Waits for something that the server does by itself."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  there is no event but the state
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def running(rig: Rig) -> AsyncIterator[Rig]:
    """Serves a rig on a free port."""
    app = Starlette(
        routes=[WebSocketRoute("/ws/v1", rig.lobby.serve)],
        middleware=[
            Middleware(Guard, hosts=own_hosts("127.0.0.1"), origins=["https://tv.example"])
        ],
    )
    rig.server = Server(configure(app, "127.0.0.1", 0), rig.lobby)
    task = asyncio.create_task(rig.server.serve())
    server = rig.server
    await until(lambda: server.started)
    rig.port = rig.server.servers[0].sockets[0].getsockname()[1]
    try:
        yield rig
    finally:
        rig.server.should_exit = True
        await task


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """A running server."""
    async with running(Rig()) as it:
        yield it


async def hear(client: ClientConnection) -> dict[str, Any]:
    """Returns the next message."""
    message: dict[str, Any] = json.loads(await asyncio.wait_for(client.recv(), 10))
    return message


async def say(client: ClientConnection, **message: object) -> None:
    """Sends a message."""
    await client.send(json.dumps(message))


async def subscribe(client: ClientConnection, *topics: str) -> dict[str, Any]:
    """Subscribes; returns the snapshot."""
    await say(client, type="subscribe", id=1, topics=topics, kpis=["offered"])
    while (message := await hear(client))["type"] != "snapshot":
        pass
    return message


async def closed(client: ClientConnection) -> int:
    """Returns the code with which the server closes."""
    with pytest.raises(ConnectionClosed) as end:
        await drain(client)
    assert end.value.rcvd is not None
    return end.value.rcvd.code


async def drain(client: ClientConnection) -> None:
    """Reads until the connection ends."""
    while True:
        await asyncio.wait_for(client.recv(), 10)


async def test_hello_comes_first_then_the_answer_then_a_snapshot_then_deltas(rig: Rig) -> None:
    """The whole conversation."""
    async with connect(rig.url(), subprotocols=[Subprotocol(SUBPROTOCOL)]) as client:
        assert client.subprotocol == SUBPROTOCOL
        assert (await hear(client))["type"] == "hello"
        await say(client, type="subscribe", id=9, topics=["site@30m"], kpis=["offered"])
        assert await hear(client) == {
            "type": "subscribed", "id": 9, "topics": ["site@30m"], "denied": [],
        }  # fmt: skip
        assert (await hear(client))["seq"] == 1
        await rig.tick()
        delta = await hear(client)
        assert (delta["type"], delta["seq"]) == ("delta", 2)
        assert delta["d"][0][1]["offered"]["v"] == 2


async def test_a_resync_is_answered_with_a_snapshot_of_the_last_tick(rig: Rig) -> None:
    """What a client asks for after a hole in `seq`."""
    async with connect(rig.url()) as client:
        await subscribe(client, "site@30m")
        await rig.tick()
        assert (await hear(client))["type"] == "delta"
        await say(client, type="resync")

        snapshot = await hear(client)
        assert (snapshot["type"], snapshot["seq"]) == ("snapshot", 2)
        await rig.tick()
        assert (await hear(client))["seq"] == 3


async def test_a_new_subscription_replaces_the_old_one(rig: Rig) -> None:
    """And gives its view back."""
    async with connect(rig.url()) as client:
        await subscribe(client, "site@30m")
        assert list((await subscribe(client, "queue:a@30m"))["topics"]) == ["queue:a@30m"]
        assert rig.hub.size()[0] == 1
    await until(lambda: not rig.lobby.clients)
    assert rig.hub.size()[0] == 0


async def test_a_mistake_is_answered_and_the_subscription_stays(rig: Rig) -> None:
    """No JSON, an unknown type, too many topics, an unknown KPI, a binary frame of nonsense."""
    async with connect(rig.url()) as client:
        await subscribe(client, "site@30m")
        await client.send("{")
        await say(client, type="dance")
        await client.send(b"\xff\x00")
        await say(client, type="subscribe", id=2, topics=[f"queue:{i}@30m" for i in range(101)])
        await say(client, type="subscribe", id=3, topics=["site@30m"], kpis=["beauty"])
        errors = [await hear(client) for _ in range(5)]
        assert [(e["type"], e["id"]) for e in errors] == [
            ("error", None), ("error", None), ("error", None), ("error", 2), ("error", 3),
        ]  # fmt: skip
        assert [e["code"] for e in errors] == ["bad_message"] * 3 + ["bad_subscription"] * 2
        await rig.tick()
        assert (await hear(client))["type"] == "delta"


async def test_a_client_that_stops_reading_delays_nobody_and_is_cut_off(rig: Rig) -> None:
    """The others get every tick; the stalled one is closed with 4408 after thirty missed ticks."""
    big = [f"queue:{'x' * 100}{i}@30m" for i in range(100)]
    for name in big:
        rig.board.put(name, "offered", value=1)
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.setblocking(False)  # noqa: FBT003  the socket's own signature
    await asyncio.get_running_loop().sock_connect(reader, ("127.0.0.1", rig.port))
    async with (
        connect(rig.url()) as healthy,
        connect(rig.url(), sock=reader, max_queue=1) as stalled,
    ):
        await subscribe(healthy, "site@30m")
        await say(stalled, type="subscribe", id=1, topics=big)
        await until(lambda: rig.hub.size()[0] == 2)
        ticks = 0
        while rig.lobby.cut_off == 0:
            ticks += 1
            for name in big:
                rig.board.put(name, "offered", value=ticks)
            await rig.tick()
            delta = await hear(healthy)
            assert (delta["type"], delta["seq"]) == ("delta", ticks + 1)
        assert rig.lobby.skipped > MAX_SKIPS
        await until(lambda: len(rig.lobby.clients) == 1)  # gone, and it has read nothing yet
        assert await closed(stalled) == api.sockets.TOO_SLOW


async def test_who_does_not_subscribe_in_time_is_closed(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five seconds, here a tenth of one."""
    monkeypatch.setattr(api.sockets, "SUBSCRIBE_WITHIN_S", 0.1)
    async with connect(rig.url()) as client:
        assert await closed(client) == api.sockets.TOO_SLOW


async def test_who_talks_too_much_is_closed(rig: Rig) -> None:
    """The eleventh message within ten seconds is one too many."""
    async with connect(rig.url()) as client:
        await subscribe(client, "site@30m")
        for _ in range(MAX_MESSAGES):
            await say(client, type="resync")
        assert await closed(client) == api.sockets.TOO_MANY_MESSAGES


async def test_a_message_over_16_kib_closes_the_connection(rig: Rig) -> None:
    """It is not even read to its end."""
    async with connect(rig.url()) as client:
        await client.send("x" * (16 * 1024 + 1))
        assert await closed(client) == 1009


async def test_beyond_the_cap_clients_are_asked_to_come_later() -> None:
    """1013: try again; the ones inside stay."""
    async with running(Rig(max_clients=1)) as rig, connect(rig.url()) as first:
        await subscribe(first, "site@30m")
        async with connect(rig.url()) as second:
            assert await closed(second) == api.sockets.OVERLOAD
        await rig.tick()
        assert (await hear(first))["type"] == "delta"


async def test_a_restart_says_goodbye_first_and_is_over_in_time() -> None:
    """Also while one client reads nothing."""
    rig = Rig()
    async with running(rig):
        client = await connect(rig.url())
        silent = await connect(rig.url())
        await subscribe(client, "site@30m")
    messages = [await hear(client)]
    assert messages == [{"type": "bye", "reason": "restart", "retry_ms": [500, 5000]}]
    assert await closed(client) == api.sockets.RESTART
    assert await closed(silent) == api.sockets.RESTART


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
async def test_a_page_of_another_site_is_refused_before_the_handshake(
    rig: Rig, origin: str
) -> None:
    """403: no socket, no data."""
    with pytest.raises(InvalidStatus) as refusal:
        async with connect(rig.url(), origin=Origin(origin)):
            pass
    assert refusal.value.response.status_code == 403
    assert not rig.lobby.clients


async def test_our_own_page_and_a_configured_one_are_let_in(rig: Rig) -> None:
    """Exactly the address that the page was loaded from."""
    for origin in (f"http://127.0.0.1:{rig.port}", "https://tv.example"):
        async with connect(rig.url(), origin=Origin(origin)) as client:
            assert (await hear(client))["type"] == "hello"


async def test_a_foreign_host_is_refused_before_the_handshake(rig: Rig) -> None:
    """A name that was made to point here (DNS rebinding) is not ours, whatever its origin."""
    with pytest.raises(InvalidStatus) as refusal:
        async with connect(
            f"ws://evil.example:{rig.port}/ws/v1", host="127.0.0.1",
            origin=Origin(f"http://evil.example:{rig.port}"),
        ):  # fmt: skip
            pass
    assert refusal.value.response.status_code == 400
