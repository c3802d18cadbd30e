"""The app as a whole: guard, headers, compression, catalogue, readiness, the wall's page."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from api import pages
from api.app import create_app
from api.guard import HEADERS
from api.messages import LIVE
from api.parts import Options
from api.server import Server, configure
from streams.settings import load_settings
from tests.api.rig import NOWHERE, FakeStore, Rig, call, event

PATHS = ("/", "/healthz", "/readyz", "/api/v1/readings", "/api/v1/catalog", "/nothing", "/static/x")


@asynccontextmanager
async def served(rig: Rig) -> AsyncIterator[str]:
    """Serves the app of a rig on a free port, with its lifespan; yields `127.0.0.1:PORT`."""
    server = Server(configure(rig.app, "127.0.0.1", 0), rig.parts.lobby)
    task = asyncio.create_task(server.serve())
    async with asyncio.timeout(10):
        while not server.started:  # noqa: ASYNC110  uvicorn tells nobody
            await asyncio.sleep(0.01)
    try:
        yield f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """One waits, one was served."""
    rig = Rig(tmp_path)
    rig.send("calls-0", *call("a", "support", "09:01:00", wait_s=10, talk_s=100))
    rig.send("calls-1", event("w", "09:03:00", "queued", queue="sales"))
    rig.tick()
    return rig


async def test_rest_and_socket_say_the_same_tick(rig: Rig) -> None:
    """Whatever has come meanwhile: both move with the next tick, together."""
    topics = ["site@live", "queue:*@30m", "site@today"]
    async with served(rig) as address, connect(f"ws://{address}/ws/v1") as socket:
        await socket.send(json.dumps({"type": "subscribe", "id": 1, "topics": topics}))
        said = [json.loads(await socket.recv()) for _ in range(3)]
        assert [m["type"] for m in said] == ["hello", "subscribed", "snapshot"]
        state = said[2]["topics"]
        for second in (10, 20):
            rig.send("calls-0", *call(f"n{second}", "new", f"09:04:{second}", wait_s=1, talk_s=2))
            assert await _rest(address) == _flat(state)
            rig.tick()
            await rig.parts.lobby.ring()
            delta = json.loads(await socket.recv())
            for topic, new in delta["d"]:
                state.setdefault(topic, {}).update(new)
        assert await _rest(address) == _flat(state)
        assert state["queue:new@30m"]["offered"]["v"] == 2


async def _rest(address: str) -> dict[str, object]:
    async with httpx.AsyncClient() as client:
        live = await client.get(f"http://{address}/api/v1/readings?window=live,today")
        queues = await client.get(f"http://{address}/api/v1/readings?segment=queue:*&window=30m")
    readings = live.json()["readings"] + queues.json()["readings"]
    return {f"{r['segment']}@{r['window']} {r['kpi']}": r["value"] for r in readings}


def _flat(topics: dict[str, dict[str, dict[str, object]]]) -> dict[str, object]:
    return {
        f"{t} {kpi}": value["v"] for t, values in topics.items() for kpi, value in values.items()
    }


@pytest.mark.parametrize("path", PATHS)
async def test_every_answer_carries_the_security_headers(rig: Rig, path: str) -> None:
    """Also errors; scripts come from our own files only."""
    async with rig.client() as client:
        answer = await client.get(path)

    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "unsafe" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", ""])
async def test_a_foreign_host_is_refused_everywhere(rig: Rig, host: str) -> None:
    """400 with a sentence, before any handler."""
    async with rig.client(host=host) as client:
        for path in PATHS:
            assert (await client.get(path)).status_code == 400


async def test_a_configured_host_is_ours(tmp_path: Path) -> None:
    """Behind a proxy with a name."""
    rig = Rig(tmp_path, config='hosts = ["wall.example"]\n')
    async with rig.client(host="wall.example") as client:
        assert (await client.get("/healthz")).status_code == 200


async def test_numbers_are_never_cached_and_big_answers_are_compressed(rig: Rig) -> None:
    """Only for who asks for gzip."""
    async with rig.client() as client:
        plain = await client.get("/api/v1/readings", headers={"accept-encoding": "identity"})
        packed = await client.get("/api/v1/readings")

    assert plain.headers["cache-control"] == packed.headers["cache-control"] == "no-store"
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json() == plain.json()


async def test_the_catalogue_is_fetched_once_and_then_only_asked_for(rig: Rig) -> None:
    """ETag and 304; the greeting's digest changes with it."""
    async with rig.client() as client:
        first = await client.get("/api/v1/catalog?lang=en")
        again = await client.get(
            "/api/v1/catalog?lang=en", headers={"if-none-match": first.headers["etag"]}
        )
        french = await client.get(
            "/api/v1/catalog", headers={"if-none-match": first.headers["etag"]}
        )

    assert first.json()["lang"] == "en"
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert french.json()["lang"] == "fr"


async def test_an_unknown_language_is_refused(rig: Rig) -> None:
    """With those that there are."""
    async with rig.client() as client:
        answer = await client.get("/api/v1/catalog?lang=de")

    assert answer.status_code == 400
    assert answer.json()["parameters"] == [{"name": "lang", "message": "'de' is none of en, fr"}]


async def test_alive_is_not_ready(rig: Rig) -> None:
    """Redis is away here; both sources are years old by the server's clock."""
    async with rig.client() as client:
        assert (await client.get("/healthz")).json()["alive"] is True
        answer = await client.get("/readyz")

    assert answer.status_code == 503
    reasons = answer.json()["reasons"]
    assert reasons[0] == "redis is away"
    assert len(reasons) == 2


async def test_a_source_without_key_makes_its_topic_rebuilding_not_ready(tmp_path: Path) -> None:
    """And every reading of it says so."""
    rig = Rig(tmp_path, "calls-0", "chats-0")
    rig.send("calls-0", *call("a", "support", "09:01:00", wait_s=10, talk_s=100))
    rig.tick()
    async with rig.client() as client:
        body = (await client.get("/readyz")).json()
        site = (await client.get("/api/v1/readings?kpi=offered")).json()["readings"][0]
        queue = (await client.get("/api/v1/readings?kpi=offered&segment=queue:support")).json()

    assert "chats: rebuilding" in body["reasons"]
    assert body["sources"]["calls"]["state"] == LIVE
    assert site["rebuilding"]
    assert not queue["readings"][0]["rebuilding"]


def browser(rig: Rig, static: Path) -> httpx.AsyncClient:
    """Returns a client of an app whose built wall is elsewhere."""
    app = create_app(rig.settings, ["calls-0"], Options(static=static), store=FakeStore())
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")


async def test_the_page_is_always_fresh_and_hashed_files_are_for_ever(
    rig: Rig, tmp_path: Path
) -> None:
    """So a new build is seen at the next load, and nothing else is loaded again."""
    folder = tmp_path / "static"
    folder.mkdir()
    (folder / "index.html").write_text("<!doctype html>")
    (folder / "app-ABCD1234.js").write_text("1")
    (folder / "NOTICES.txt").write_text("MIT")
    async with browser(rig, folder) as client:
        page = await client.get("/")
        script = await client.get("/static/app-ABCD1234.js")
        notices = await client.get("/static/NOTICES.txt")

    assert (page.status_code, page.headers["cache-control"]) == (200, "no-cache")
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert notices.headers["cache-control"] == "no-cache"


async def test_a_checkout_without_a_built_wall_says_how_to_build_it(
    rig: Rig, tmp_path: Path
) -> None:
    """503, so that no wall reloads itself onto it."""
    async with browser(rig, tmp_path / "none") as client:
        answer = await client.get("/")
        alive = await client.get("/healthz")

    assert answer.status_code == 503
    assert "make wall" in answer.text
    assert alive.json()["build"].endswith("+unbuilt")


def test_the_build_changes_with_the_page(tmp_path: Path) -> None:
    """Its assets' names have digests, so it changes with them, too."""
    page = tmp_path / "index.html"
    page.write_text("one")
    one = pages.build(tmp_path)
    page.write_text("two")

    assert pages.build(tmp_path) != one


async def test_a_dead_background_task_ends_the_process() -> None:
    """Our own bugs stop us loudly; a wall must not show the same numbers for ever."""
    failed = asyncio.Event()
    settings = load_settings(NOWHERE, None)
    app = create_app(
        settings, ["calls-0"], Options(tick_s=0.25), store=FakeStore(), on_failure=failed.set
    )
    async with app.router.lifespan_context(app):
        app.state.parts.board.step = None
        async with asyncio.timeout(10):
            await failed.wait()
