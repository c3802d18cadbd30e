"""What an extension brings: routes, a topic, a life; and who may change anything."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx
import msgspec
import pytest
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.app import create_app
from api.extension import Host
from api.guard import FORM, JSON
from api.parts import Options
from streams.settings import load_settings
from tests.api.rig import NOWHERE, FakeStore

OURS = "http://127.0.0.1:8080"


class Things:
    """An extension that says what it was told."""

    topics: Sequence[str] = ("things@live",)
    forms: Sequence[str] = ("/things/form",)
    origins: Sequence[str] = ("https://wall.example:8443",)

    def __init__(self) -> None:
        self.host: Host | None = None
        self.ended = asyncio.Event()

    def router(self, host: Host) -> APIRouter:
        """Takes whatever is sent."""
        self.host = host
        router = APIRouter()
        for path in ("/things", "/things/form"):
            router.add_api_route(path, self.take, methods=["POST"], response_class=Response)
        return router

    async def take(self, request: Request) -> Response:
        """Says what came."""
        return JSONResponse({"took": (await request.body()).decode()})

    async def run(self, host: Host) -> None:
        """Offers one document."""
        self.host = host
        host.offer("things@live", msgspec.Raw(b'{"list":[1]}'))
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()


@asynccontextmanager
async def client_of(things: Things, config: Options) -> AsyncIterator[httpx.AsyncClient]:
    """Yields a client of an app that has the extension."""
    settings = load_settings(NOWHERE, None)
    app = create_app(settings, ["calls-0"], config, store=FakeStore(), extensions=[things])
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=OURS) as client,
    ):
        yield client


async def test_an_extension_lives_as_long_as_the_process() -> None:
    """It is cancelled with it."""
    things = Things()
    async with client_of(things, Options()):
        await asyncio.sleep(0)
        assert things.host is not None
        assert things.host.agents("t") == []
    assert things.ended.is_set()


async def test_json_of_a_program_and_of_our_own_page_is_taken() -> None:
    """Also with a charset."""
    async with client_of(Things(), Options()) as client:
        plain = await client.post("/things", json={})
        own = await client.post(
            "/things",
            content=b"{}",
            headers={"origin": OURS, "content-type": f"{JSON}; charset=utf-8"},
        )

    assert [plain.status_code, own.status_code] == [200, 200]


@pytest.mark.parametrize("origin", ["null", "http://evil.example", "http://127.0.0.1:8081", ""])
async def test_a_foreign_page_changes_nothing(origin: str) -> None:
    """Whatever it sends; but what only reads is not asked where it comes from."""
    async with client_of(Things(), Options()) as client:
        answer = await client.post("/things", json={}, headers={"origin": origin})
        form = await client.post("/things/form", data={}, headers={"origin": origin})
        read = await client.get("/healthz", headers={"origin": origin})

    assert [answer.status_code, form.status_code, read.status_code] == [403, 403, 200]


@pytest.mark.parametrize("kind", [FORM, "text/plain", "multipart/form-data; boundary=x", None])
async def test_what_a_form_can_send_is_no_json(kind: str | None) -> None:
    """415, before any handler."""
    headers = {"content-type": kind} if kind else {}
    async with client_of(Things(), Options()) as client:
        answer = await client.post("/things", content=b"{}", headers=headers)

    assert answer.status_code == 415
    assert JSON in answer.json()["error"]


async def test_only_named_paths_take_forms() -> None:
    """And these take nothing else."""
    async with client_of(Things(), Options()) as client:
        form = await client.post("/things/form", data={"a": "1"}, headers={"origin": OURS})
        text = await client.post("/things/form", json={})

    assert (form.status_code, form.json()) == (200, {"took": "a=1"})
    assert text.status_code == 415


async def test_pages_under_an_address_of_its_own_are_ours() -> None:
    """Where a proxy ends TLS, the browser knows another address than we."""
    headers = {"host": "wall.example:8443", "origin": "https://wall.example:8443"}
    async with client_of(Things(), Options()) as client:
        answer = await client.post("/things", json={}, headers=headers)
        foreign = await client.get("/healthz", headers={"host": "other.example:8443"})

    assert [answer.status_code, foreign.status_code] == [200, 400]


async def test_any_method_that_changes_something_is_asked() -> None:
    """Also those that nobody serves."""
    async with client_of(Things(), Options()) as client:
        answers = [
            await client.request(method, "/things", headers={"origin": "http://evil.example"})
            for method in ("POST", "PUT", "PATCH", "DELETE")
        ]

    assert {a.status_code for a in answers} == {403}
    assert json.loads(answers[0].content)["error"]
