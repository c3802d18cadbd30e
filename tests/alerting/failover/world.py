"""A world of two or three replicas, one Redis, a topic of acts, and misfortune.

Time is a number in Redis that the world moves on, two seconds a step, so a run of minutes takes a
second. Each replica has two threads, a leader and a sender; a thread can be frozen at any call to
Redis and goes on later with what it knew. In the end misfortune stops, alerts stand for a while,
then all is calm, and what was told is compared with what happened (`verdict`).
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from alerting.acts import ActRecord
from alerting.core.machine import ongoing
from alerting.core.shapes import Event, Instance, Key, Severity
from alerting.core.telling import Matcher, Notice, Quiet
from alerting.leader import Leader
from alerting.store import Commit, StoreAway
from alerting.store.shapes import LEASE_MS
from tests.alerting.failover.fates import Crash, Fateful, Fates, Thread
from tests.alerting.failover.scene import KEYS, RULES, Scene, parts
from tests.alerting.failover.sender import Sender, Servers
from tests.alerting.store.shifted import Shifted

STEP_MS: Final = 2_000
STEPS: Final = 220
STAND: Final = 50
"""Steps without misfortune in which what fires goes on."""
CALM: Final = 80
"""Steps in which nothing is the matter."""
_LEVELS = list(Severity)
_OVER = frozenset({"resolve", "close"})
_TELLS = frozenset({"fire", "worse", "reminder", "escalation"})


@dataclass(frozen=True)
class Happened:
    """An event that was committed."""

    event: Event
    step: int
    memory: int
    """How often Redis had been emptied by then."""


class Violation(AssertionError):
    """Something that must never be."""


@dataclass
class Kinds:
    """What the parts of a replica are: mistakes are planted here."""

    store: type[Fateful] = Fateful
    leader: type[Leader] = Leader
    sender: type[Sender] = Sender


class Replica:
    """Two threads, and the lives that they live."""

    def __init__(self, world: "World", name: str) -> None:
        self._world, self._name = world, name
        self.store = world.kinds.store(world.url, world.fates, world.heard)
        self.threads = {"lead": Thread(), "send": Thread()}
        self.down_until = 0
        self._lives = 0
        self.start()

    def start(self) -> None:
        """Begin a life: nothing is remembered."""
        self._lives += 1
        owner = f"{self._name}{self._lives}"
        kinds = self._world.kinds
        self.leader = kinds.leader(self.store, owner, self._world.parts)
        self.sender = kinds.sender(self.store, owner, self._world.servers)

    async def step(self, name: str) -> None:
        """Let a thread go on."""
        thread, world = self.threads[name], self._world
        if world.step < self.down_until or world.step < thread.frozen_until:
            return
        self.store.thread = thread
        self.store.idle_ms = 0 if world.rng.random() < 0.3 else 10**9
        try:
            await (thread.thaw() if thread.frozen else thread.run(self._works(name)))
        except StoreAway:
            pass
        except Crash:
            await self.crash()
        thread.frozen_until = 0
        if thread.frozen:
            thread.frozen_until = world.step + world.rng.randint(1, 15)
            if name == "lead" and world.rng.random() < 0.6:
                await world.end_lease()

    async def crash(self) -> None:
        """Lose everything in memory; come back later."""
        for thread in self.threads.values():
            await thread.kill()
            thread.frozen_until = 0
        self.down_until = self._world.step + self._world.rng.randint(1, 8)
        self.start()

    async def close(self) -> None:
        """End."""
        for thread in self.threads.values():
            await thread.kill()
        await self.store.close()

    def _works(self, name: str) -> Callable[[], Any]:
        return self._lead if name == "lead" else self.sender.once

    async def _lead(self) -> None:
        world, leader = self._world, self.leader
        read = leader.acts is not None and (world.fates.calm or world.rng.random() < 0.9)
        acts = [one for one in world.acts if one[0] >= (leader.acts or 0)] if read else None
        leading = await leader.tick(world.scene, acts)
        world.audited(leader)
        if leading and leader.unnoted:
            world.act(ActRecord(id="0", kind="started", object="memory", by="", at_ms=0))


class World:
    """One run."""

    def __init__(self, url: str, seed: int, kinds: Kinds | None = None) -> None:
        self.url, self.seed, self.kinds = url, seed, kinds or Kinds()
        self.rng = random.Random(seed)
        self.fates = Fates(self.rng, self.rng.choice((0.01, 0.03, 0.06, 0.1)))
        self.servers = Servers(self.fates)
        self.scene = Scene()
        self.parts = parts(self.scene)
        self.acts: list[tuple[int, ActRecord]] = []
        self.now_ms = Shifted.START_MS
        self.step = self.beat = 0
        self.memory = 0
        self.emptied_step = -1
        self.lost: set[Key] = set()
        """Alerts that were there when Redis was emptied."""
        self.calmed: dict[Key, int] = {}
        """When each of them was no longer the matter."""
        self.intents: dict[tuple[str, str], int] = {}
        """Episode and address of what was told to fire, sent or not → which firing of it."""
        self.instances: dict[Key, Instance | None] = {}
        """As they are stored."""
        self.wrong: list[str] = []
        """What should not have been told when it was."""
        self.events: list[Happened] = []
        self.notices: list[tuple[Notice, int]] = []
        """With the number of memories before."""
        self.quiet: dict[str, Quiet] = {}
        self.quieted: list[str] = []
        """What was decided to be told although it was silenced."""
        self.complaints: list[str] = []
        self.counts: Counter[str] = Counter()
        self.firing: set[Key] = set()
        self.left = ""
        self.replicas = [Replica(self, name) for name in "abc"[: self.rng.choice((2, 3))]]
        self._god = Shifted(url)
        self._empty_at = self.rng.randint(60, 160) if self.rng.random() < 0.4 else -1
        self._away_until = 0

    # -- what is known of what happened

    def heard(self, name: str, asked: Any, answer: Any) -> None:
        """Take note of a call that Redis carried out."""
        self.counts["calls"] += 1
        match name:
            case "renew" if answer.epoch is not None:
                self.beat = self.now_ms
            case "commit":
                self.counts[("fenced", "commits", "sent again")[answer]] += 1
                if answer == 1:
                    self._committed(asked)
            case "begin":
                self._begun(asked.notice.kind, asked.address, answer.items)
            case _:
                pass

    def _committed(self, commit: Commit) -> None:
        self.instances.update(commit.instances)
        self.quiet.update((name, one) for name, one in commit.quiet.items() if one is not None)
        for event in commit.events:
            self.events.append(Happened(event, self.step, self.memory))
            if event.kind in {"fire", "reopen"}:
                self.firing.add(event.key)
            if event.kind in _OVER:
                self.firing.discard(event.key)
        for notice in commit.notices:
            self.notices.append((notice, self.memory))
            if notice.kind in _TELLS:
                self.quieted += [
                    f"{notice.kind} of {item.episode}"
                    for item in notice.items
                    if item.kind not in _OVER and self.silenced(item.key)
                ]

    def _begun(self, kind: str, address: str, items: Iterable[Event]) -> None:
        """Take note of what somebody is told, and of what they had better not be told now."""
        for item in items:
            instance = self.instances.get(item.key)
            if instance is None or instance.episode != item.episode or not ongoing(instance):
                instance = None
            firing = -1 if instance is None else instance.n_reopen
            who = (item.episode, address)
            if kind == "resolve" or item.kind in _OVER:
                if firing >= 0 and self.intents.get(who, -1) == firing:
                    self.wrong.append(f"{who} knew that it fires again, and was told the end")
            elif kind in _TELLS:
                self.intents[who] = firing
                if firing < 0:
                    self.wrong.append(f"{who} was told what was over")
                elif instance is not None and instance.ack is not None:
                    self.wrong.append(f"{who} was told what was taken on")

    def silenced(self, key: Key) -> bool:
        """Return whether a silence that was taken in is under way."""
        return any(
            quiet.from_ms <= self.now_ms < quiet.until_ms - STEP_MS * 20
            and key.rule in quiet.match.rules
            and key.segment in quiet.match.segments
            for quiet in self.quiet.values()
        )

    async def end_lease(self) -> None:
        """Let the lease run out."""
        self.counts["leases lost"] += 1
        await self._god.end_lease()

    def at_ms(self, step: int) -> int:
        """Return what time it was."""
        return Shifted.START_MS + step * STEP_MS

    def audited(self, leader: Leader) -> None:
        """Take note of what the auditor says."""
        self.complaints += [one for one in leader.found if one not in self.complaints]

    def act(self, record: ActRecord) -> None:
        """Write into the topic of acts."""
        self.acts.append((self.acts[-1][0] + self.rng.randint(1, 3) if self.acts else 0, record))

    # -- how it goes

    async def run(self) -> None:
        """Run to the end; what is left is for the verdict."""
        await self._god.set_clock(self.now_ms)
        try:
            for _ in range(STEPS):
                await self._misfortune()
                await self._next(0.85)
            await self._mend()
            for _ in range(STAND):
                await self._next(1.0)
            self.scene.raised = dict.fromkeys(KEYS, Severity.NONE)
            for key in KEYS:
                self.calmed.setdefault(key, self.step)
            for _ in range(CALM):
                await self._next(1.0)
            box = await self._god.outbox()
            if box.notices or box.deliveries or box.later or box.dead:
                self.left = str(box)
        finally:
            for replica in self.replicas:
                await replica.close()
            await self._god.close()

    async def _next(self, share: float) -> None:
        """Let two seconds pass."""
        self.step += 1
        self.servers.step = self.step
        self.now_ms += STEP_MS
        await self._god.set_clock(self.now_ms)
        self.scene.now_ms = self.now_ms
        if self.now_ms - self.beat > LEASE_MS:
            await self._god.end_lease()
        turns = [(r, name) for r in self.replicas for name in r.threads]
        self.rng.shuffle(turns)
        for replica, name in turns:
            if self.rng.random() < share:
                await replica.step(name)

    async def _misfortune(self) -> None:
        rng = self.rng
        for key in KEYS:
            if rng.random() < 0.04:
                raised = rng.choice(_LEVELS)
                self.scene.raised[key] = raised and max(raised, min(RULES[key.rule].fors()))
                if not self.scene.raised[key] and self.memory:
                    self.calmed.setdefault(key, self.step)
        if rng.random() < 0.05:
            self._somebody_acts()
        if rng.random() < 0.01 and self.fates.rate:
            await self.end_lease()
        if rng.random() < 0.004 and self.fates.rate:
            self.counts["Redis away"] += 1
            self._away_until = self.step + rng.randint(2, 15)
        self.fates.away = self.step < self._away_until
        noted = any(record.kind == "started" for _, record in self.acts)
        if self._empty_at >= 0 and self.step >= self._empty_at and noted:
            self._empty_at = -1
            self.counts["Redis emptied"] += 1
            self.emptied_step = self.step
            self.lost = {key for key in self.firing if self.scene.raised[key]}
            self.firing.clear()
            self.instances.clear()
            self.memory += 1
            await self._god.empty()

    def _somebody_acts(self) -> None:
        rng = self.rng
        fired = [one.event for one in self.events if one.event.kind == "fire"]
        known: dict[str, Any] = {
            "id": f"{rng.getrandbits(64):x}",
            "at_ms": self.now_ms,
        }
        if rng.random() < 0.2:
            key = rng.choice(KEYS)
            quiet = Quiet(
                id=known["id"], kind="silence", by="ana", from_ms=self.now_ms,
                until_ms=self.now_ms + rng.randint(60, 240) * 1000,
                match=Matcher(rules=(key.rule,), segments=(key.segment,)),
            )  # fmt: skip
            self.act(ActRecord(kind="silence", object=quiet.id, by="ana", quiet=quiet, **known))
        elif fired:
            episode = rng.choice(fired[-5:]).episode
            known["kind"] = rng.choice(("ack", "ack", "unack", "note", "snooze"))
            known["until_ms"] = self.now_ms + 30_000 if known["kind"] == "snooze" else None
            self.act(ActRecord(object=episode, by="ana", note="seen", **known))

    async def _mend(self) -> None:
        """Let misfortune stop: what was frozen goes on."""
        self.fates.calm, self.fates.away = True, False
        for replica in self.replicas:
            replica.down_until = 0
            for thread in replica.threads.values():
                thread.frozen_until = 0
