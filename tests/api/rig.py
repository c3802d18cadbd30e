"""The real app on real numbers without Redis: ledgers fold events, a fake store has the cells."""

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import httpx
from fastapi import FastAPI

from api.app import create_app
from api.parts import Options, Parts
from api.presence import Cells
from streams.core.buckets import Zone
from streams.core.changes import Visible, nothing
from streams.core.ledger import Ledger
from streams.core.tally import EMPTY, Cell, merge
from streams.core.windows import Span
from streams.settings import Settings, load_settings
from streams.store import Head, Store, StoreAway

PARIS = Zone("Europe/Paris")
CONFIG = 'timezone = "Europe/Paris"\nsegments = ["channel", "queue", "agent", "channel+queue"]\n'
NOWHERE = {"POULS_REDIS": "redis://127.0.0.1:1/0", "POULS_LISTEN": "127.0.0.1:8080"}


def ms(text: str) -> int:
    """Returns a local time of the day that the tests are about, `09:00:00`, or any ISO time."""
    moment = dt.datetime.fromisoformat(text if "T" in text else f"2026-11-24T{text}")
    return int(moment.replace(tzinfo=moment.tzinfo or PARIS.info).timestamp() * 1000)


def event(name: str, at: str, kind: str, **data: object) -> bytes:
    """Returns one canonical event of a contact."""
    time = dt.datetime.fromtimestamp(ms(at) / 1000, dt.UTC).isoformat()
    return json.dumps(
        {"specversion": "1.0", "id": f"{name}-{kind}", "source": "test", "type": f"contact.{kind}",
         "time": time, "subject": name, "data": data}
    ).encode()  # fmt: skip


def call(name: str, queue: str, at: str, *, wait_s: int, talk_s: int | None) -> Iterator[bytes]:
    """Yields a call: queued, then answered and ended, or abandoned (`talk_s=None`)."""
    start = dt.datetime.fromtimestamp(ms(at) / 1000, PARIS.info)
    out = start + dt.timedelta(seconds=wait_s)
    yield event(name, start.isoformat(), "queued", queue=queue)
    if talk_s is None:
        yield event(name, out.isoformat(), "abandoned", phase="queue")
        return
    yield event(name, out.isoformat(), "answered", agent=f"a-{queue}")
    end = out + dt.timedelta(seconds=talk_s)
    yield event(name, end.isoformat(), "ended", by="customer")


class FakeStore(Store):
    """Holds what the rig folded; nobody is behind its address."""

    def __init__(self) -> None:
        super().__init__(NOWHERE["POULS_REDIS"])
        self.held: dict[str, Visible] = {}
        self.away = False
        self.asked: list[tuple[list[str], int, int]] = []
        """Sources, buckets and segments of each question."""

    def take(self, source: str, change: Visible) -> None:
        """Takes in what a commit changed."""
        held = self.held.setdefault(source, Visible(({}, {}, {}), ([], [], []), {}, [], 0))
        for mine, new in zip(held.cells, change.cells, strict=True):
            mine.update((key, Cell(cell.sums, dict(cell.hist))) for key, cell in new.items())
        for cells, gone in zip(held.cells, change.gone, strict=True):
            for key in gone:
                cells.pop(key, None)
        held.segments.extend(change.segments)
        held.levels.update(change.levels)
        held.tails.update(change.tails)
        held.edge_ms = change.edge_ms
        held.top_ms = change.top_ms

    async def head(self, source: str) -> Head | None:
        """Returns a head with the source's time."""
        if self.away:
            raise StoreAway("Redis: gone fishing")
        held = self.held.get(source)
        top = held.top_ms if held else 0
        return Head(1, 1, 0, 0, 0, top, "", 0, "b", None, "", 0) if held else None

    async def segments(self, sources: Iterable[str]) -> set[str]:
        """Returns all names."""
        return {name for source in sources for name in self.held[source].segments}

    async def history(
        self,
        sources: Iterable[str],
        resolution: int,
        buckets: Sequence[int],
        segments: Sequence[str],
    ) -> Cells:
        """Returns cells, added up."""
        names = list(sources)
        self.asked.append((names, len(buckets), len(segments)))
        out: Cells = {}
        for name in names:
            for key, cell in self.held[name].cells[resolution].items():
                if key[0] in buckets and key[1] in segments:
                    out[key] = merge(out.get(key, EMPTY), cell)
        return out

    async def past(
        self, source: str, spans: Iterable[Span], segments: Sequence[str], *, tails: bool
    ) -> Visible | None:
        """Returns cells and who is there."""
        held, found = self.held.get(source), nothing(0)
        if held is None:
            return None
        for resolution, first, last in spans:
            self.asked.append(([source], last - first + 1, len(segments)))
            for (bucket, segment), cell in held.cells[resolution].items():
                if first <= bucket <= last and segment in segments:
                    found.cells[resolution][bucket, segment] = cell
        found.edge_ms = held.edge_ms
        found.levels = {s: held.levels[s] for s in segments if s in held.levels}
        found.tails = dict(held.tails) if tails else {}
        return found


class Rig:
    """The app, its parts, and sources that fold what a test sends."""

    def __init__(
        self,
        tmp_path: Any,
        *names: str,
        config: str = CONFIG,
        environ: dict[str, str] | None = None,
    ) -> None:
        path = tmp_path / "pouls.toml"
        path.write_text(config + '[clock]\nmode = "event"\nspeed = 0.000001\n')
        self.settings: Settings = load_settings(NOWHERE | (environ or {}), path)
        self.store = FakeStore()
        self.names = names or ("calls-0", "calls-1")
        self.app: FastAPI = create_app(
            self.settings, self.names, Options(tick_s=5), store=self.store
        )
        self.parts: Parts = self.app.state.parts
        self.ledgers = {n: Ledger(self.settings.fold, "voice") for n in self.names}

    def send(self, source: str, *events: bytes) -> None:
        """Folds events; the board hears of them with the next tick."""
        ledger = self.ledgers[source]
        assert not ledger.apply_all(list(events), ms("2026-11-30T00:00:00"))
        change = ledger.take_changes().visible
        self.store.take(source, change)
        self.parts.feed.on_change(source, change)
        self.parts.feed.on_mark(source, change.top_ms, rebuilding=False)

    def tick(self, at: str | None = None) -> None:
        """Makes a tick; `at` moves `now` there by an event that books nothing we look at."""
        if at is not None:
            self.send(self.names[0], event(f"clock-{at}", at, "created"))
        self.parts.ticker.tick()

    def client(self, **headers: str) -> httpx.AsyncClient:
        """Returns a client of the app."""
        transport = httpx.ASGITransport(self.app)
        return httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:8080", headers=headers
        )
