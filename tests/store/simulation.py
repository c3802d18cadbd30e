"""Random misfortune: workers, readers, a log, its group and Redis, in any interleaving.

A run is a function of its seed. Calls to Redis are sent, executed and answered at three different
times, in any order, or lost on either way. Workers crash, freeze, lose Kafka; the group moves
sources about; Redis loses everything or its last second; readers miss messages; logs are cut off;
settings change. After the chaos comes a calm in which everything must be found again.
"""

from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from streams.codec import unpack_visible
from streams.store import Follower, Owner
from streams.store.shapes import Claimed, parse
from tests.store import misfortune
from tests.store.backends import Arg, Backend
from tests.store.group import Group
from tests.store.hands import Hand, Screen
from tests.store.watch import LIMIT_US, Violation, Watch, canonical
from tests.store.worker import Reply, Worker
from tests.store.world import Log, Record

SOURCES = ["calls-0", "calls-1"]
CALM_STEPS = 3_000


class Parts(NamedTuple):
    """What a run is made of: mistakes are planted here."""

    owner: Callable[[str, Claimed], Owner] = Owner
    hand: type[Hand] = Hand
    follower: Callable[[str], Follower] = Follower
    worker: type[Worker] = Worker


class Call(NamedTuple):
    """A call on its way to Redis or to the broker."""

    worker: Worker
    name: str
    source: str
    args: tuple[Arg, ...]
    to: Reply
    not_before_us: int


class Simulation:
    """One run."""

    def __init__(
        self,
        seed: int,
        backend: Backend,
        parts: Parts | None = None,
        steps: int = 4_000,
        chaos: float = 1.0,
    ) -> None:
        self.random, self.backend = Random(seed), backend
        self.parts, self.steps, self.chaos = parts or Parts(), steps, chaos
        self.logs = {source: Log() for source in SOURCES}
        self.group = Group(SOURCES)
        self.calm = False
        self.trace: list[Any] = []
        """What the backend answered: equal for equal seeds on any backend."""
        self.configs = [("A", 1)]
        self.mults = {"A": 1}
        self.watch = Watch(backend, self.logs, self.mults)
        self.workers = [self._worker() for _ in range(3)]
        self.screens = [self.reader() for _ in range(2)]
        self.calls: list[Call] = []
        self._answers: list[tuple[Worker, Reply, Any]] = []
        self.snapshots: deque[tuple[int, Any]] = deque()
        self._rebuild_to: dict[tuple[str, str], int] = {}
        """(source, build) → where the log ended when it was begun."""
        self._n = 0

    def _worker(self) -> Worker:
        return self.parts.worker(self, self.configs[-1], self.parts.owner, self.parts.hand)

    def reader(self) -> dict[str, Screen]:
        """Return a reader of all sources that has just started."""
        return {source: Screen(self.parts.follower(source)) for source in SOURCES}

    # -- the network

    def send(
        self, worker: Worker, name: str, source: str, args: tuple[Arg, ...], to: Reply
    ) -> None:
        """Send a call to Redis; now and then it is held up for seconds."""
        held = not self.calm and self.random.random() < 0.04
        wait = self.random.randint(0, 6_000_000) if held else 0
        self.calls.append(Call(worker, name, source, args, to, self.backend.now_us + wait))

    def ask_end(self, worker: Worker, source: str, to: Reply) -> None:
        """Ask the broker where a log ends."""
        self.send(worker, "end", source, (), to)

    def _execute(self, i: int) -> None:
        call = self.calls.pop(i)
        source = call.source
        if call.name == "end":
            self._answers.append((call.worker, call.to, self.logs[source].end))
            return
        reply = self.backend.run(call.name, source, *call.args)
        self.trace.append((call.name, source, reply))
        for to, message in self.backend.feed():
            said = parse(message)
            change = canonical(unpack_visible(said.visible)) if said.commit else b""
            self.trace.append(said._replace(visible=change))
            for screens in self.screens:
                if self.calm or self.random.random() > 0.06 * self.chaos:
                    screens[to].queue.append(message)
        if call.name == "claim" and reply[0] == b"new":
            self._rebuild_to[source, reply[1].decode()] = int(call.args[3])
        if call.name != "beat":
            self.watch.stored(source)
        self._answers.append((call.worker, call.to, reply))

    def _answer(self, i: int) -> None:
        worker, to, reply = self._answers[i]
        if worker.frozen:
            return
        del self._answers[i]
        if worker.alive:
            to(reply)

    # -- one step

    def step(self) -> None:
        """Let something happen."""
        random, backend = self.random, self.backend
        backend.now_us += 8_000 if self.calm else random.choice((1_000, 3_000, 8_000, 20_000))
        if not self.calm and random.random() < 0.001 * self.chaos:
            backend.now_us += random.randint(500_000, 4_000_000)
        self._n += 1
        self.group.tick(backend.now_us)
        what = random.random()
        if what < 0.05 and not self.calm:
            self._produce()
        elif what < 0.40:
            random.choice(self.workers).step()
        elif what < 0.62:
            self._move(self.calls, 0.06, self._execute)
        elif what < 0.80:
            self._move(self._answers, 0.08, self._answer)
        elif what < 1 - 0.003 * self.chaos or self.calm:
            self._show()
        else:
            misfortune.strike(self)
        self._remember()
        if self._n % 5 == 0:
            self._check()

    def _move(self, waiting: list[Any], loss: float, forward: Callable[[int], None]) -> None:
        """Forward one of those that wait, or lose it."""
        if not waiting:
            return
        i = self.random.randrange(len(waiting))
        if isinstance(waiting[i], Call) and waiting[i].not_before_us > self.backend.now_us:
            return
        if not self.calm and self.random.random() < loss * self.chaos:
            del waiting[i]
        else:
            forward(i)

    def _show(self) -> None:
        screen = self.random.choice(self.screens)[self.random.choice(SOURCES)]
        if screen.step(self.backend):
            self.watch.shown(screen)

    def _produce(self) -> None:
        random = self.random
        log = self.logs[random.choice(SOURCES)]
        for _ in range(random.randint(1, 8)):
            newest = log.end // 12
            bucket = max(0, newest - random.choice((0, 0, 0, 1, 2, 6)))
            record = Record(str(random.randrange(9)), bucket, random.randint(1, 9))
            log.append(None if random.random() < 0.06 else record, self.backend.now_us)

    def _remember(self) -> None:
        if not self.calm and self._n % 10 == 0:
            self.snapshots.append((self.backend.now_us, self.backend.snapshot()))
            while self.backend.now_us - self.snapshots[0][0] > 1_000_000:
                self.snapshots.popleft()

    def _check(self) -> None:
        for source in SOURCES:
            head = self.backend.head(source)
            end = self._rebuild_to[source, head.build] if head else 0
            owners = [w.hands[source].owner for w in self.workers if source in w.hands]
            for screens in self.screens:
                self.watch.fresh(screens[source])
            self.watch.honest(
                [screens[source] for screens in self.screens],
                source,
                rebuilding=head is None or head.offset + 1 < end,
                owned=head is not None and any(o.epoch == head.epoch for o in owners),
            )

    # -- what Redis loses

    def flush(self) -> None:
        """Redis loses everything, and lives on."""
        self.backend.flush()
        self._has_lost()

    def restart(self, snapshot: Any) -> None:
        """Redis starts again without its last second; its clients connect again."""
        self.backend.restore(snapshot)
        self._has_lost()
        self.snapshots.clear()
        self.calls = [call for call in self.calls if self.random.random() < 0.5]
        for screens in self.screens:
            for screen in screens.values():
                screen.queue.clear()
                screen.follower.reset()

    def _has_lost(self) -> None:
        for source in SOURCES:
            self.watch.lost_at_us[source] = self.backend.now_us
            self.watch.stored(source)

    # -- a run

    def run(self) -> None:
        """Chaos, then calm: the invariants hold at all times, in the end everything is there."""
        for _ in range(self.steps):
            self.step()
        self.calm = True
        self._mend()
        mode = self.random.choice(("", "flush", "roll back", "roll back"))
        if mode:
            self._lose_in_quiet(mode)
        self._settle(CALM_STEPS)
        before = [worker.claims for worker in self.workers]
        self._settle(1_000)
        if [worker.claims for worker in self.workers] != before:
            raise Violation("SETTLED claims after the calm")
        self._found_again()

    def _mend(self) -> None:
        """Everybody lives, with the latest settings; now and then one stays cut off from Kafka."""
        zombie = self.random.choice(self.workers) if self.random.random() < 0.3 else None
        for worker in self.workers:
            worker.down_until_us = worker.frozen_until_us = 0
            worker.cut_until_us = 1 << 62 if worker is zombie else 0
            if worker.config != self.configs[-1]:
                worker.reset()
                worker.config = self.configs[-1]

    def _lose_in_quiet(self, mode: str) -> None:
        """Sources that are quiet lose Redis' last second, or all of it."""
        self._settle(1_500)
        snapshot = self.backend.snapshot()
        self._produce()
        self._produce()
        self._settle(300)
        if mode == "flush":
            self.flush()
        else:
            self.restart(snapshot)

    def _settle(self, steps: int) -> None:
        for _ in range(steps):
            self.step()

    def _found_again(self) -> None:
        for source in SOURCES:
            stored, log = self.backend.read(source), self.logs[source]
            if stored is None:
                raise Violation(f"SETTLED {source}: no key")
            head = stored.head
            if max(head.offset + 1, log.begin) != log.end or head.until is not None:
                raise Violation(f"SETTLED {source}: at {head.offset} of {log.end}")
            if self.group.offsets[source] != head.offset + 1:
                raise Violation(f"SETTLED {source}: the group is at {self.group.offsets[source]}")
            for screens in self.screens:
                screen = screens[source]
                if screen.shown != stored.visible:
                    raise Violation(f"SETTLED {source}: a reader shows something else")
                if not screen.live(self.backend.now_us, LIMIT_US):
                    raise Violation(f"SETTLED {source}: a reader is not live")
