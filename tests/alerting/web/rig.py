"""The routes of alerts on a store in memory, and a leader that does what a test wants."""

import asyncio
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec
from fastapi import FastAPI

from alerting import shown
from alerting.acts import ActRecord, ActsAway
from alerting.core.investigations import Investigation
from alerting.core.shapes import Ack, Event, Facts, Instance, Key, Severity, Snooze
from alerting.core.telling import Quiet
from alerting.meaning import Context
from alerting.routes import AlertsExtension
from alerting.rulefile import PACK, load_rules
from alerting.store import Dead, Head, StoreAway, Told
from alerting.web.ports import Known
from streams.core.buckets import Zone
from streams.core.roster import Person, roster

NOW_MS = 1_790_000_000_000
URL = "https://pouls.example"
SIGNS = "0123456789abcdef0123456789abcdef"
PEOPLE = roster(
    [Person("ana", "", alias="Ana R."), Person("bob", ""), Person("a-7", "7", team="sav")]
)
RULES = {rule.id: rule for rule in load_rules([PACK], Context(), {}).rules}
SAV = Key("longest_wait", "queue:sav")
EPISODE = f"longest_wait|queue:sav|{NOW_MS - 300_000}"


def facts(segment: str = "queue:sav", **more: Any) -> Facts:
    """Returns what was measured."""
    given: dict[str, Any] = {
        "segment": segment, "kpi": "wait_longest", "window": "live", "value": 195.0, "n": 4,
        "part": None, "whole": None, "unit": "seconds", "formula": "live", "threshold": 180.0,
        "clear": 90.0, "target": 60.0, "since_ms": None,
    }  # fmt: skip
    return Facts(**(given | more))


def instance(segment: str = "queue:sav", rule: str = "longest_wait", **more: Any) -> Instance:
    """Returns an alert that has lasted for five minutes."""
    start = NOW_MS - 300_000
    given: dict[str, Any] = {
        "condition": "firing", "severity": Severity.WARNING, "worst": Severity.WARNING,
        "facts": facts(segment), "episode": f"{rule}|{segment}|{start}", "started_at_ms": start,
        "fired_at_ms": start + 60_000, "fired_clock_ms": start + 61_000, "seen_at_ms": NOW_MS,
    }  # fmt: skip
    return Instance(**(given | more))


def over(segment: str = "queue:sav", **more: Any) -> Instance:
    """Returns an alert that ended a minute ago, and that nobody has seen."""
    given: dict[str, Any] = {
        "condition": "resolved", "severity": Severity.NONE, "resolved_at_ms": NOW_MS - 60_000,
        "resolved_clock_ms": NOW_MS - 60_000, "reason": "clear",
    }  # fmt: skip
    return instance(segment, **(given | more))


def ack(by: str = "ana", **more: Any) -> Ack:
    """Returns an acknowledgement of two minutes ago."""
    return Ack(by=by, clock_ms=NOW_MS - 120_000, severity=Severity.WARNING, **more)


def snooze(by: str = "ana") -> Snooze:
    """Returns a snooze for ten minutes."""
    return Snooze(by=by, clock_ms=NOW_MS, until_ms=NOW_MS + 600_000)


def event(kind: str, at_ms: int, **more: Any) -> Event:
    """Returns an event of the alert of `SAV`."""
    given: dict[str, Any] = {
        "kind": kind, "key": SAV, "episode": EPISODE, "severity": Severity.WARNING,
        "at_ms": at_ms, "clock_ms": at_ms, "reason": "breach", "facts": facts(),
    }  # fmt: skip
    return Event(**(given | more))


class Feed:
    """A subscription: `ring` wakes whoever listens."""

    def __init__(self, store: "FakeStore") -> None:
        self._store = store
        self._rings: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._store.feeds.remove(self)

    async def subscribe(self, *_: str) -> None:
        """Says nothing."""
        self._store.answer()

    async def get_message(self, timeout: float) -> dict[str, Any] | None:  # noqa: ASYNC109
        """Waits for a ring."""
        try:
            async with asyncio.timeout(timeout or 0.001):
                found = await self._rings.get()
        except TimeoutError:
            return None
        self._store.answer()
        return found

    def ring(self) -> None:
        """Something has changed, or the connection is lost."""
        self._rings.put_nowait({"type": "message"})


class FakeStore:
    """Redis, as much of it as the routes read."""

    def __init__(self) -> None:
        self.now_ms = NOW_MS
        self.beat_ms = NOW_MS - 500
        self.document: bytes | None = None
        self.events: list[Event] = []
        self.outcomes: dict[str, str] = {}
        self.known_told: dict[str, dict[str, Told]] = {}
        self.letters: list[Dead] = []
        self.records: dict[str, Investigation] = {}
        self.away = False
        self.feeds: list[Feed] = []
        self.reads = 0
        self.closed = False

    def answer(self) -> None:
        """Raises where Redis is away."""
        if self.away:
            raise StoreAway("Redis: gone fishing")

    def show(self, *instances: Instance, quiet: Sequence[Quiet] = (), **more: Any) -> None:
        """Lets the leader say what is shown."""
        made = shown.make(
            {Key(i.episode.split("|")[0], i.facts.segment): i for i in instances},
            more.pop("groups", {}),
            {one.id: one for one in quiet},
            rules=RULES,
            suppressed=lambda *_: (),
            at_ms=self.now_ms,
            clock_ms=self.now_ms,
            **more,
        )
        self.document = shown.encode(made)

    async def shown(self) -> bytes | None:
        """Returns the document."""
        self.answer()
        self.reads += 1
        return self.document

    async def head(self) -> Head:
        """Returns when the leader was last there."""
        self.answer()
        return Head(beat_ms=self.beat_ms)

    async def clock_ms(self) -> int:
        """Returns Redis TIME."""
        self.answer()
        return self.now_ms

    def feed(self) -> Feed:
        """Returns a subscription."""
        self.feeds.append(Feed(self))
        return self.feeds[-1]

    async def history(self, from_ms: int, to_ms: int, episode: str | None = None) -> list[Event]:
        """Returns events."""
        self.answer()
        return [
            e for e in self.events if from_ms <= e.clock_ms < to_ms and episode in (None, e.episode)
        ]

    async def investigations(self) -> dict[str, Investigation]:
        """Returns all investigations."""
        self.answer()
        return self.records

    async def told(self, episodes: Iterable[str]) -> dict[str, dict[str, Told]]:
        """Returns who was told."""
        self.answer()
        return {e: self.known_told.get(e, {}) for e in episodes}

    async def dead(self, count: int = 100) -> list[Dead]:
        """Returns dead letters."""
        self.answer()
        return self.letters[:count]

    async def outcome(self, act_id: str) -> str | None:
        """Returns what became of an act."""
        self.answer()
        return self.outcomes.get(act_id)

    async def secret(self) -> str:
        """Returns what signs links."""
        self.answer()
        return SIGNS

    async def close(self) -> None:
        """Notes it."""
        self.closed = True


class FakeWriter:
    """Kafka and the leader behind it."""

    def __init__(self, store: FakeStore) -> None:
        self.store = store
        self.records: list[ActRecord] = []
        self.outcome: str | None = ""
        """What the leader says to each; `None` = nothing."""
        self.away = False
        self.closed = False

    async def write(self, record: ActRecord) -> int:
        """Takes a record."""
        if self.away:
            raise ActsAway("Kafka does not answer")
        self.records.append(record)
        if self.outcome is not None:
            self.store.outcomes[record.id] = self.outcome
        return len(self.records) - 1

    async def close(self) -> None:
        """Notes it."""
        self.closed = True


class Host(msgspec.Struct):
    """The API, as much of it as the routes need."""

    offered: list[tuple[str, Any]] = []
    teams: dict[str, list[str]] = {}

    def offer(self, topic: str, document: msgspec.Raw) -> None:
        """Notes what is shown."""
        self.offered.append((topic, msgspec.json.decode(document)))

    def agents(self, team: str) -> list[str]:
        """Returns who is in a team."""
        return self.teams.get(team, [])


class Rig:
    """Everything."""

    def __init__(self, **known: Any) -> None:
        given: dict[str, Any] = {
            "rules": RULES, "roster": PEOPLE, "zone": Zone("Europe/Paris"), "url": URL,
            "language": "fr",
        }  # fmt: skip
        self.store = FakeStore()
        self.writer = FakeWriter(self.store)
        self.known = Known(**(given | known))
        self.extension = AlertsExtension(self.known, self.store, self.writer, patience_s=0.2)
        self.extension.watch._wall_ms = lambda: 7  # this machine's clock is of no account
        self.host = Host()
        self.app = FastAPI()
        self.app.include_router(self.extension.router(self.host))

    async def look(self) -> None:
        """Reads what is shown."""
        await self.extension.watch.look()

    def client(self, **headers: str) -> httpx.AsyncClient:
        """Returns a client."""
        transport = httpx.ASGITransport(self.app)
        return httpx.AsyncClient(transport=transport, base_url=URL, headers=headers)

    async def get(self, path: str, **params: Any) -> httpx.Response:
        """Looks, then reads."""
        await self.look()
        async with self.client() as client:
            return await client.get(path, params=params)

    async def post(self, path: str, body: Any) -> httpx.Response:
        """Looks, then does something."""
        await self.look()
        async with self.client() as client:
            return await client.post(path, json=body)
