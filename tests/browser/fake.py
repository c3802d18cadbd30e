"""A server that a test can freeze, kill, let lag and bring back; it says what a scene holds.

The page, its headers and the catalogue are the real ones; only the numbers are made up.
"""

import asyncio
import datetime as dt
import json
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.catalog import documents
from api.guard import Guard
from api.messages import SUBPROTOCOL
from api.pages import STATIC, Assets, index

TICK_S: Final = 0.25
Values = dict[str, dict[str, dict[str, Any]]]


@dataclass
class Scene:
    """What the server says, changed by a test while it runs."""

    topics: Values = field(default_factory=dict)
    sources: tuple[str, ...] = ("calls", "chats")
    stopped_at: float | None = None
    """The workers died then: `as_of` stands still while the server ticks on."""
    rebuilding: tuple[str, ...] = ()
    silent: bool = False
    """The server says nothing any more, its sockets stay open."""
    broken: bool = False
    """A proxy answers 502 to everything."""
    build: str = "one"
    readings: dict[str, dict[str, Any]] = field(default_factory=dict)
    """KPI → what only `/readings` knows: part and whole."""
    skips: int = 0
    """Ticks to leave out of the sequence: a message was lost."""
    locale: str = "fr"
    tolerance_ms: int = 0
    """Within which agents are judged by their plan."""
    asked: list[dict[str, Any]] = field(default_factory=list)
    """Every message of clients, in order."""
    looked_up: list[dict[str, str]] = field(default_factory=list)
    """Every query of `/readings`, in order."""
    acts: list[dict[str, Any]] = field(default_factory=list)
    """Everything that was done to alerts: path and body."""
    happened: list[dict[str, Any]] = field(default_factory=list)
    """What happened to every alert."""
    verdict: tuple[int, dict[str, Any]] = (200, {})
    """What is answered to it."""

    def states(self, now: float) -> dict[str, dict[str, Any]]:
        """Returns the sources as messages carry them."""
        as_of = now - 0.4 if self.stopped_at is None else self.stopped_at
        return {
            name: {"as_of": as_of, "state": "rebuilding" if name in self.rebuilding else "live"}
            for name in self.sources
        }


class FakeServer:
    """One server on one port, started and stopped as often as a test likes."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._epochs = 0

    def start(self) -> None:
        """Starts, and returns when it listens."""
        self._epochs += 1
        config = uvicorn.Config(
            self._app(), host="127.0.0.1", port=self.port, log_level="error",
            ws="websockets-sansio", timeout_graceful_shutdown=1,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def stop(self) -> None:
        """Stops; sockets are closed."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join()
            self._server = None

    def _app(self) -> Starlette:
        return Starlette(
            routes=[
                WebSocketRoute("/ws/v1", self._socket),
                Route("/", self._page),
                Route("/healthz", self._health),
                Route("/api/v1/catalog", self._catalog),
                Route("/api/v1/readings", self._reading),
                Route("/api/v1/alerts/{episode:path}", self._act, methods=["POST"]),
                Route("/api/v1/alerts/{episode:path}", self._past),
                Route("/api/v1/silences", self._silence, methods=["POST"]),
                Mount("/static", Assets(directory=STATIC)),
            ],
            middleware=[Middleware(Guard, hosts={"127.0.0.1"}, origins=())],
        )

    def _page(self, _: Request) -> Response:
        return Response(status_code=502) if self.scene.broken else index(STATIC)

    def _health(self, _: Request) -> Response:
        return PlainTextResponse("ok", 502 if self.scene.broken else 200)

    def _catalog(self, request: Request) -> Response:
        language = request.query_params["lang"]
        told = documents(tolerance_ms=self.scene.tolerance_ms)[language]
        return Response(told.body, media_type="application/json")

    def _reading(self, request: Request) -> Response:
        query = request.query_params
        self.scene.looked_up.append(dict(query))
        values = self.scene.topics[f"{query['segment']}@{query['window']}"]
        readings = [self._entry(kpi, values.get(kpi)) for kpi in query["kpi"].split(",")]
        now = dt.datetime.now(dt.UTC).isoformat()
        return JSONResponse({"as_of": None, "now": now, "readings": readings})

    async def _past(self, _: Request) -> Response:
        return JSONResponse({"events": self.scene.happened})

    async def _silence(self, request: Request) -> Response:
        self.scene.acts.append({"do": "silence", **await request.json()})
        status, answer = self.scene.verdict
        return JSONResponse(answer, status)

    async def _act(self, request: Request) -> Response:
        episode, _, doing = request.path_params["episode"].rpartition("/")
        body = await request.json()
        self.scene.acts.append({"episode": episode, "do": doing, **body})
        status, answer = self.scene.verdict
        return JSONResponse(answer, status)

    def _entry(self, kpi: str, value: dict[str, Any] | None) -> dict[str, Any]:
        value = value or {"v": None, "n": 0}
        known = {"part": None, "whole": None} | self.scene.readings.get(kpi, {})
        return {"kpi": kpi, "value": value["v"], "n": value["n"]} | known

    async def _socket(self, ws: WebSocket) -> None:
        if self.scene.broken:
            await ws.close()
            return
        await ws.accept(SUBPROTOCOL)
        epoch = f"epoch-{self._epochs}"
        await self._say(ws, _hello(epoch, self.scene))
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._hear(ws, epoch))
                tasks.create_task(self._tick(ws))
        except* WebSocketDisconnect:
            pass

    async def _hear(self, ws: WebSocket, epoch: str) -> None:
        while True:
            asked = json.loads(await ws.receive_text())
            self.scene.asked.append(asked)
            if asked["type"] == "subscribe":
                topics = list(self.scene.topics)
                answer = {"type": "subscribed", "id": asked["id"], "topics": topics, "denied": []}
                await self._say(ws, answer)
            await self._say(ws, self._snapshot(ws, epoch))

    async def _tick(self, ws: WebSocket) -> None:
        ws.state.seq = 0
        while True:
            await asyncio.sleep(TICK_S)
            if ws.state.seq:
                ws.state.seq += 1 + self.scene.skips
                self.scene.skips = 0
                await self._say(ws, self._delta(ws.state.seq))

    async def _say(self, ws: WebSocket, message: dict[str, Any]) -> None:
        if not self.scene.silent:
            await ws.send_text(json.dumps(message))

    def _snapshot(self, ws: WebSocket, epoch: str) -> dict[str, Any]:
        now = time.time()
        ws.state.seq = 100
        states, topics = self.scene.states(now), self.scene.topics
        return {"type": "snapshot", "epoch": epoch, "seq": 100, "ts": now, "sources": states,
                "topics": topics}  # fmt: skip

    def _delta(self, seq: int) -> dict[str, Any]:
        now = time.time()
        changed = [[topic, values] for topic, values in self.scene.topics.items()]
        return {"type": "delta", "seq": seq, "ts": now, "src": self.scene.states(now), "d": changed}


def _hello(epoch: str, scene: Scene) -> dict[str, Any]:
    return {
        "type": "hello", "v": 1, "epoch": epoch, "build": scene.build, "ts": time.time(),
        "tick_ms": int(TICK_S * 1000), "stale_ms": 10_000, "locale": scene.locale, "catalog": "one",
    }  # fmt: skip
