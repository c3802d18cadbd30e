"""One worker of the simulation: what the pipeline does, an action at a time."""

from collections.abc import Callable
from random import Random
from typing import Any, Protocol

from streams.store import Owner, SettingsOlder, Verdict
from streams.store.shapes import FIELDS, Beat, Claimed, Commit
from tests.store.backends import Arg, Backend
from tests.store.group import SESSION_US, Group
from tests.store.hands import Hand
from tests.store.watch import Watch
from tests.store.world import Log

BEAT_US = 700_000
Reply = Callable[[Any], None]


class World(Protocol):
    """What surrounds a worker."""

    random: Random
    backend: Backend
    group: Group
    logs: dict[str, Log]
    watch: Watch
    calm: bool

    def send(
        self, worker: "Worker", name: str, source: str, args: tuple[Arg, ...], to: Reply
    ) -> None:
        """Send a call to Redis; it is executed and answered later, or never, or twice."""

    def ask_end(self, worker: "Worker", source: str, to: Reply) -> None:
        """Ask the broker where a log ends."""


class Worker:
    """Claims, folds, commits, beats."""

    def __init__(
        self,
        world: World,
        config: tuple[str, int],
        owner: Callable[[str, Claimed], Owner] = Owner,
        hand: type[Hand] = Hand,
    ) -> None:
        self.world, self.config, self._owner, self._hand = world, config, owner, hand
        self.claims = 0
        """How often it has claimed."""
        self.down_until_us = self.frozen_until_us = self.cut_until_us = 0
        self.reset()

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self.world.backend.now_us >= self.down_until_us

    @property
    def frozen(self) -> bool:
        """Whether it hangs: connections stay, nothing happens."""
        return self.world.backend.now_us < self.frozen_until_us

    @property
    def cut(self) -> bool:
        """Whether it reaches Redis, but not Kafka."""
        return self.world.backend.now_us < self.cut_until_us

    def crash(self, until_us: int) -> None:
        """End at once, and start again then."""
        self.reset()
        self.down_until_us = until_us

    def reset(self) -> None:
        """Forget everything: a new process, or a member thrown out."""
        self.member: int | None = None
        self.generation = -1
        self.hands: dict[str, Hand] = {}
        self.refused: dict[str, Owner] = {}
        """Owners whose successors wait for the group."""
        self.claiming: dict[str, int] = {}
        """source → number of the last claim that was sent; only its reply counts."""
        self._since_us: dict[str, int] = {}
        self._sent: dict[str, Commit] = {}
        self._beaten_us: dict[str, int] = {}
        self._heartbeat_us = 0

    def step(self) -> None:
        """Do one thing."""
        if not self.alive or self.frozen:
            return
        world, now = self.world, self.world.backend.now_us
        if not self.cut and (now - self._heartbeat_us > SESSION_US // 4 or world.group.changing):
            self._heartbeat_us = now
            self._heartbeat()
        for source, owner in list(self.refused.items()):
            self._commit_group(owner)
            if owner.may_claim:
                del self.refused[source]
                self._claim(source)
        for source in sorted(self.claiming):
            if world.random.random() < 0.05:  # no reply: again
                self._claim(source)
        for hand in list(self.hands.values()):
            self._act(hand, now)

    def _act(self, hand: Hand, now: int) -> None:
        random, owner = self.world.random, hand.owner
        what = random.random()
        if now - self._beaten_us.get(owner.source, 0) > BEAT_US and what < 0.5:
            self._beaten_us[owner.source] = now
            self._beat(hand)
        elif what < 0.4:
            if not self.cut:
                hand.fold(random.randint(1, 60 if self.world.calm else 20))
        elif what < 0.8:
            again = self._sent.get(owner.source)
            sent = hand.offer()
            if sent is not None and (sent is not again or random.random() < 0.2):
                self._send_commit(hand, sent)
        else:
            self._commit_group(owner)

    # -- the group

    def _heartbeat(self) -> None:
        group, now = self.world.group, self.world.backend.now_us
        if self.member is None:
            self.member = group.enter(now)
        elif not group.heartbeat(self.member, now):
            self.reset()
        elif group.changing:
            if not group.has_joined(self.member):
                self._revoke(group)
        elif self.generation != group.generation:
            self.hands.clear()
            self.generation = group.generation
            self.refused.clear()
            self.claiming.clear()
            for source in sorted(group.assignment(self.member)):
                self._claim(source)

    def _revoke(self, group: Group) -> None:
        """Give up everything; now and then the commit in flight is waited for."""
        assert self.member is not None
        if self.hands and self.world.random.random() < 0.6:
            return
        for hand in self.hands.values():
            self._commit_group(hand.owner)
        self.hands.clear()
        self.refused.clear()
        self.claiming.clear()
        group.join(self.member)

    def _commit_group(self, owner: Owner) -> None:
        position = owner.to_group()
        if position is None or self.cut or self.member is None:
            return
        group = self.world.group
        if group.commit(self.member, self.generation, owner.source, position.next):
            owner.in_group(position)
            self.world.watch.group(owner.source, position.next)

    # -- Redis

    def _claim(self, source: str) -> None:
        self.claims += 1
        number = self.claiming[source] = self.claims
        log, member = self.world.logs[source], self.member

        def claimed(reply: Any) -> None:
            if member == self.member and self.claiming.get(source) == number:
                self._claimed(source, reply)

        args = (*self.config, log.begin, log.end, *FIELDS)
        self.world.send(self, "claim", source, args, claimed)

    def _claimed(self, source: str, reply: Any) -> None:
        del self.claiming[source]
        world = self.world
        try:
            claimed = Claimed.of(source, reply)
        except SettingsOlder:
            self.crash(self.world.backend.now_us + 2_000_000)
            return
        stored = world.backend.read(source)
        if stored is None or stored.head.build != claimed.build:  # lost again while it was loaded
            self._claim(source)
            return
        mult = world.watch.mults[self.config[0]]
        self._since_us[source] = world.backend.now_us
        self.hands[source] = self._hand.after(
            source, claimed, stored, world.logs[source], mult, self._owner
        )

    def _send_commit(self, hand: Hand, sent: Commit) -> None:
        def replied(reply: Any) -> None:
            if self.hands.get(hand.owner.source) is hand:
                self._judged(hand, hand.owner.replied(sent, int(reply)))

        self._sent[hand.owner.source] = sent
        self.world.send(self, "commit", hand.owner.source, sent.args(), replied)

    def _beat(self, hand: Hand) -> None:
        sent, source = hand.owner.beat(), hand.owner.source

        def beaten(reply: Any) -> None:
            if self.hands.get(source) is hand:
                self._judged(hand, hand.owner.beaten(sent, Beat.answer(reply)))

        self.world.send(self, "beat", source, sent.args(), beaten)
        if not self.cut:
            asked = hand.owner.clock
            self.world.ask_end(self, source, lambda end: hand.owner.ended(end, asked))

    def _judged(self, hand: Hand, verdict: Verdict) -> None:
        source = hand.owner.source
        if verdict is Verdict.REFUSED:
            self.world.watch.refused(hand, self._since_us[source])
            del self.hands[source]
            self.refused[source] = hand.owner
