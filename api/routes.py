"""The HTTP side: parameters in, bytes out; what they mean is in the modules called from here."""

import time
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import Response

from api import agents, history, pages, readings
from api.feed import reasons
from api.params import BadRequest, Params
from api.parts import Parts
from streams.core.errors import BadName
from streams.core.words import LANGUAGES
from streams.store import StoreAway

JSON: Final = "application/json"
KEEP: Final = "private, no-cache"
"""A cache may hold it, but asks each time whether it is still the same."""
MISSED_TICKS: Final = 5


class Routes:
    """The handlers of one app."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        policy = parts.settings.reading
        self._readings = readings.Readings(parts.board, parts.stored, parts.zone)
        self._history = history.History(parts.board, parts.stored, parts.zone, policy)

    def router(self) -> APIRouter:
        """Returns the routes."""
        router = APIRouter()
        handlers: dict[str, Callable[..., Awaitable[Response]]] = {
            "/": self.index,
            "/healthz": self.healthz,
            "/readyz": self.readyz,
            "/api/v1/readings": self.readings,
            "/api/v1/history": self.history,
            "/api/v1/agents": self.agents,
            "/api/v1/catalog": self.catalog,
        }
        for path, handler in handlers.items():
            router.add_api_route(path, handler, methods=["GET"], response_class=Response)
        router.add_websocket_route("/ws/v1", self._parts.lobby.serve)
        return router

    async def index(self) -> Response:
        """The wall."""
        return pages.index(self._parts.options.static)

    async def readings(self, request: Request) -> Response:
        """KPIs of segments in windows, as of the last tick or `at=` an instant."""
        query = readings.parse(request.url.query, self._parts.zone)
        found = await self._readings.answer(query)
        return Response(readings.as_json(found, self._parts.board.now_ms), media_type=JSON)

    async def history(self, request: Request) -> Response:
        """Rows by day, quarter hour or minutes, as JSON or CSV."""
        accept = request.headers.get("accept", "")
        query = history.parse(request.url.query, accept, self._parts.zone)
        answer = await self._history.answer(query)
        headers = {"vary": "accept"}
        if answer.held_from is not None:
            headers["pouls-held-from"] = answer.held_from
        return Response(answer.body, media_type=answer.media_type, headers=headers)

    async def agents(self, request: Request) -> Response:
        """Named agents, or those of named teams, as of the last tick."""
        query = agents.parse(request.url.query)
        return Response(agents.answer(query, self._parts.board), media_type=JSON)

    async def catalog(self, request: Request) -> Response:
        """What the KPIs mean, in one language."""
        params = Params(request.url.query, ("lang",))
        language = params.choice("lang", _language) or self._parts.options.locale
        params.check()
        document = self._parts.catalog[language]
        headers = {"etag": document.etag, "cache-control": KEEP}
        if document.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(document.body, media_type=JSON, headers=headers)

    async def healthz(self) -> Response:
        """Whether the process answers at all."""
        return _json({"alive": True, "build": pages.build(self._parts.options.static)})

    async def readyz(self) -> Response:
        """Whether the numbers can be trusted, and if not, why."""
        parts = self._parts
        ts_ms = time.time_ns() // 1_000_000
        stale_ms = round(parts.options.stale_s * 1000)
        why = reasons(parts.reader.connected, parts.hub.sources, ts_ms, stale_ms)
        if ts_ms - parts.hub.ts_ms > MISSED_TICKS * parts.options.tick_s * 1000:
            why.append("the hub does not tick")
        views, topics = parts.hub.size()
        body = {
            "ready": not why,
            "reasons": why,
            "sources": parts.hub.sources,
            "hub": {
                "clients": len(parts.lobby.clients),
                "views": views,
                "topics": topics,
                "tick_busy_s": round(parts.ticker.busy_s, 6),
                "skipped": parts.lobby.skipped,
                "cut_off": parts.lobby.cut_off,
            },
        }
        return _json(body, 503 if why else 200)


def handle_errors(app: FastAPI) -> None:
    """Makes answers of what handlers raise: 400 names every mistake, 503 says who is away."""

    async def bad(_: Request, error: Exception) -> Response:
        assert isinstance(error, BadRequest)
        return _json({"error": "bad request", "parameters": error.parameters}, 400)

    async def away(_: Request, error: Exception) -> Response:
        return _json({"error": str(error)}, 503)

    handlers: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]]
    handlers = {BadRequest: bad, StoreAway: away}
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


def _json(body: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type=JSON)


def _language(name: str) -> str:
    if name not in LANGUAGES:
        raise BadName(f"{name!r} is none of {', '.join(LANGUAGES)}")
    return name
