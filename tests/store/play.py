"""One source, played by hand: who claims, folds, commits, beats and reads, one call at a time."""

from typing import NamedTuple

from streams.store import Beat, Commit, Verdict
from tests.store.backends import Backend, Stored, beat, claim, commit
from tests.store.hands import Hand, Screen
from tests.store.simulation import Parts
from tests.store.watch import Watch
from tests.store.world import Log, Record

SOURCE = "calls-0"
OLD = ("A", 1)
"""Settings: their hash, and `config_since`."""
NEW = ("B", 2)


class Answer(NamedTuple):
    """What a script said to a hand, and what the hand's owner makes of it."""

    code: int
    verdict: Verdict


class Play:
    """A backend, a log of some records, and the invariants, which are checked all the time."""

    def __init__(self, backend: Backend, parts: Parts | None = None) -> None:
        self.backend, self.parts = backend, parts or Parts()
        self.log = Log()
        self.watch = Watch(backend, {SOURCE: self.log}, {"A": 1, "B": 2})
        self.screens: list[Screen] = []
        self._since_us: dict[int, int] = {}

    def produce(self, n: int) -> None:
        """Append records now, each to a cell and a contact of its own for a while."""
        for i in range(self.log.end, self.log.end + n):
            record = Record(str(i % 7), i // 5, 1 + i % 3)
            self.log.append(record, self.backend.now_us)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.backend.now_us += round(seconds * 1_000_000)

    # -- a worker

    def claim(self, config: tuple[str, int] = OLD) -> Hand:
        """Claim, and load what is stored."""
        claimed = claim(self.backend, SOURCE, config, self.log.begin, self.log.end)
        self.watch.stored(SOURCE)
        self._since_us[claimed.epoch] = self.backend.now_us
        mult = self.watch.mults[config[0]]
        owner = self.parts.owner
        return self.parts.hand.after(SOURCE, claimed, self.stored(), self.log, mult, owner)

    def offer(self, hand: Hand, n: int) -> Commit:
        """Fold the next records, and return the commit to send."""
        hand.fold(n)
        sent = hand.offer()
        assert sent is not None
        return sent

    def send(self, sent: Commit) -> int:
        """Let Redis execute a commit."""
        code = commit(self.backend, SOURCE, sent)
        self.watch.stored(SOURCE)
        return code

    def answer(self, hand: Hand, sent: Commit, code: int) -> Answer:
        """Let a reply arrive."""
        verdict = hand.owner.replied(sent, code)
        if verdict is Verdict.REFUSED:
            self.watch.refused(hand, self._since_us[hand.owner.epoch])
        return Answer(code, verdict)

    def store(self, hand: Hand, n: int) -> Answer:
        """Fold, commit, and hear the answer."""
        sent = self.offer(hand, n)
        return self.answer(hand, sent, self.send(sent))

    def beat(self, hand: Hand, sent: Beat | None = None) -> Verdict:
        """Beat, and hear the answer."""
        sent = sent or hand.owner.beat()
        verdict = hand.owner.beaten(sent, beat(self.backend, SOURCE, sent))
        if verdict is Verdict.REFUSED:
            self.watch.refused(hand, self._since_us[hand.owner.epoch])
        return verdict

    def ask_end(self, hand: Hand) -> None:
        """Ask the broker where the log ends, and hear it at once."""
        hand.owner.ended(self.log.end, hand.owner.clock)

    def fresh_beat(self, hand: Hand) -> None:
        """Beat, ask for the end, beat again: all that is stored is now said to be of now."""
        self.beat(hand)
        self.ask_end(hand)
        self.beat(hand)

    # -- Redis

    def stored(self) -> Stored:
        """Return everything that is stored."""
        stored = self.backend.read(SOURCE)
        assert stored is not None
        return stored

    def flush(self) -> None:
        """Lose everything."""
        self.backend.flush()
        self.watch.lost_at_us[SOURCE] = self.backend.now_us

    # -- a reader

    def screen(self) -> Screen:
        """Open a reader that subscribes and reads everything."""
        screen = Screen(self.parts.follower(SOURCE))
        self.backend.feed()
        self.screens.append(screen)
        self.show()
        return screen

    def lose_messages(self) -> None:
        """Lose what was published since the last look."""
        self.backend.feed()

    def show(self) -> None:
        """Let the readers take what was published."""
        messages = [message for _, message in self.backend.feed()]
        for screen in self.screens:
            screen.queue.extend(messages)
            screen.catch_up(self.backend)
            self.look()

    def look(self) -> None:
        """Check what the readers show."""
        for screen in self.screens:
            self.watch.shown(screen)
            self.watch.fresh(screen)
