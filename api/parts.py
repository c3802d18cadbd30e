"""What one API process is made of, put together in one place."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from api import catalog, pages
from api.catalog import Document
from api.hub import Hub
from api.messages import VERSION, Hello
from api.sockets import MAX_CLIENTS, Lobby
from api.stored import Stored
from api.ticker import Ticker
from streams.core.board import Board
from streams.core.buckets import Zone
from streams.core.words import Language
from streams.settings import Settings
from streams.settings.now import Now
from streams.store import Reader, Store
from streams.store.feed import Feed, reader


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How the API behaves towards its readers."""

    tick_s: float = 1.0
    """Seconds between two ticks of the hub, 0.25 to 5."""
    stale_s: float = 10.0
    """Numbers older than this are shown as frozen, and the API is not ready."""
    locale: Language = "fr"
    """The language of a wall that is asked for without one."""
    max_clients: int = MAX_CLIENTS
    """Sockets at the same time."""
    static: Path = pages.STATIC
    """Where the built wall is."""


@dataclass(frozen=True)
class Parts:
    """Everything that handlers and background tasks share."""

    settings: Settings
    options: Options
    zone: Zone
    store: Store
    board: Board
    feed: Feed
    reader: Reader
    hub: Hub
    lobby: Lobby
    ticker: Ticker
    stored: Stored
    catalog: dict[str, Document]


def assemble(
    settings: Settings,
    sources: Sequence[str],
    options: Options,
    store: Store | None = None,
    topics: Sequence[str] = (),
) -> Parts:
    """Returns the parts of a process; nothing runs yet.

    Args:
        settings: Of the process.
        sources: All of them.
        options: Ticks and limits.
        store: Instead of the settings' Redis.
        topics: Those of extensions.
    """
    fold, zone = settings.fold, Zone(settings.fold.timezone)
    store = store or Store(settings.redis)
    board = Board(
        zone, settings.reading, sources, fold.retention, fold.horizon_ms, fold.agent_horizon_ms
    )
    feed = Feed(sources)
    hub = Hub(board, secrets.token_hex(4), topics)
    documents = catalog.documents(settings.reading.prices.currency, fold.tolerance_ms)
    lobby = Lobby(hub, _greeting(hub, options, catalog.digest(documents)), options.max_clients)
    return Parts(
        settings=settings,
        options=options,
        zone=zone,
        store=store,
        board=board,
        feed=feed,
        reader=reader(store, sources, board, zone, feed),
        hub=hub,
        lobby=lobby,
        ticker=Ticker(feed, board, hub, lobby, Now(settings.clock), options.tick_s),
        stored=Stored(store, sources, fold.retention, zone, board, fold.agent_horizon_ms),
        catalog=documents,
    )


def _greeting(hub: Hub, options: Options, digest: str) -> Callable[[], Hello]:
    build = pages.build(options.static)
    return lambda: Hello(
        v=VERSION,
        epoch=hub.epoch,
        build=build,
        ts=hub.ts_ms / 1000,
        tick_ms=round(options.tick_s * 1000),
        stale_ms=round(options.stale_s * 1000),
        locale=options.locale,
        catalog=digest,
    )
