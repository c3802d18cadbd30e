"""The API process: assembled, guarded, started, ended in order."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from api import pages, server
from api.extension import Extension, Host
from api.guard import Guard, host_of, own_hosts
from api.parts import Options, Parts, assemble
from api.routes import Routes, handle_errors
from streams import logs
from streams.settings import Settings, sources
from streams.store import Store, StoreAway, ended

OK, BUG = 0, 70
"""Exit codes: ended in order; our own mistake."""
GZIP_FROM: Final = 1_000
_DEFAULT: Final = Options()

log = logging.getLogger("pouls.api")


def create_app(
    settings: Settings,
    names: Sequence[str],
    options: Options = _DEFAULT,
    *,
    store: Store | None = None,
    on_failure: Callable[[], None] = lambda: None,
    extensions: Sequence[Extension] = (),
) -> FastAPI:
    """Returns the app; its lifespan runs the readers' side.

    Args:
        settings: Of the process.
        names: All sources, `calls-0` and so on.
        options: Ticks and limits.
        store: Instead of the settings' Redis.
        on_failure: Called when a background task has died: the process must end.
        extensions: What else is served by this process.
    """
    topics = [topic for extension in extensions for topic in extension.topics]
    parts = assemble(settings, names, options, store, topics)
    host = Host(parts.hub.offer, lambda team: [a.agent for a in parts.board.agents(team=team)])

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        lives = {type(each).__name__: each.run(host) for each in extensions}
        async with _running(parts, on_failure, lives):
            yield

    origins = [origin for extension in extensions for origin in extension.origins]
    app = FastAPI(
        title="Pouls",
        version=pages.version(),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.parts = parts
    app.include_router(Routes(parts).router())
    for extension in extensions:
        app.include_router(extension.router(host))
    app.mount("/static", pages.Assets(directory=options.static, check_dir=False))
    handle_errors(app)
    app.add_middleware(GZipMiddleware, minimum_size=GZIP_FROM)
    app.add_middleware(
        Guard,
        hosts=own_hosts(settings.listen, (*settings.hosts, *map(host_of, origins))),
        origins=(*settings.origins, *origins),
        forms=[path for extension in extensions for path in extension.forms],
    )
    return app


@asynccontextmanager
async def _running(
    parts: Parts,
    on_failure: Callable[[], None],
    others: Mapping[str, Coroutine[object, object, None]],
) -> AsyncIterator[None]:
    """Runs feed, ticker and the lives of extensions around the serving."""

    def died(task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            log.critical("%s has died", task.get_name(), exc_info=task.exception())
            on_failure()

    parts.ticker.tick()
    lives = {"the feed": _follow(parts), "the hub": parts.ticker.run(), **others}
    tasks = [asyncio.create_task(life, name=name) for name, life in lives.items()]
    for task in tasks:
        task.add_done_callback(died)
    try:
        yield
    finally:
        await parts.lobby.close(server.GOODBYE_S)
        await ended(tasks)
        await parts.store.close()


async def _follow(parts: Parts) -> None:
    """Follows the store for ever; says so once where it is away from the beginning."""
    try:
        for complaint in await parts.store.complaints():
            log.error(complaint)
    except StoreAway as away:
        log.warning("%s; trying again until it is there", away)
    await parts.reader.run()


def run(
    settings: Settings, options: Options = _DEFAULT, extensions: Sequence[Extension] = ()
) -> int:
    """Serves until a signal comes; returns the exit code."""
    logs.configure()
    names = sources.of(settings)
    failed: list[bool] = []

    def fail() -> None:
        failed.append(True)
        served.should_exit = True

    app = create_app(settings, names, options, on_failure=fail, extensions=extensions)
    host, _, port = settings.listen.rpartition(":")
    served = server.Server(
        server.configure(app, host.strip("[]"), int(port)), app.state.parts.lobby
    )
    for number in (signal.SIGINT, signal.SIGTERM):  # uvicorn raises what it caught once more
        signal.signal(number, lambda *_: None)
    served.run()
    return BUG if failed else OK
