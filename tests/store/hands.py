"""The two ends of the store in a test: the hand that folds and commits, the screen that shows."""

from collections import deque
from collections.abc import Callable

from streams.codec import unpack_visible
from streams.core.changes import Changes, Visible, nothing
from streams.store import Commit, Follower, Owner, Step
from streams.store.shapes import Claimed, Message, parse
from tests.store.backends import Backend, Stored
from tests.store.world import Log, State, diff


class Hand:
    """An owner, its ledger, and the log that it folds."""

    def __init__(
        self,
        owner: Owner,
        log: Log,
        ledger: State,
    ) -> None:
        self.owner, self.log, self.ledger = owner, log, ledger
        self.taken = ledger.copy()
        """The ledger when its changes were last taken."""

    @classmethod
    def after(
        cls,
        source: str,
        claimed: Claimed,
        stored: Stored,
        log: Log,
        mult: int,
        owner: Callable[[str, Claimed], Owner],
    ) -> "Hand":
        """Load what is stored after a claim."""
        v = stored.visible
        ledger = State(mult, v.top_ms - 1, v.cells, dict(stored.facts), list(v.segments))
        return cls(owner(source, claimed), log, ledger)

    def fold(self, most: int) -> None:
        """Fold the next entries of the log, where it has not been cut off further on."""
        owner = self.owner
        owner.lost(self.log.begin)
        for offset in range(owner.folded + 1, min(owner.folded + 1 + most, self.log.end)):
            record, at_us = self.log.entries[offset]
            if record is None:
                owner.advance(offset)
            else:
                self.ledger.apply(record)
                owner.advance(offset, offset, at_us // 1000)

    def take(self) -> Changes:
        """Take what changed, as the ledger does."""
        before, self.taken = self.taken, self.ledger.copy()
        return diff(before, self.taken)

    def offer(self) -> Commit | None:
        """Return the commit to send now."""
        return self.owner.commit(self.take)


class Screen:
    """A follower, what it shows, and the messages that wait for it."""

    def __init__(self, follower: Follower) -> None:
        self.follower = follower
        self.shown: Visible = nothing(0)
        self.queue: deque[bytes] = deque()

    def step(self, backend: Backend) -> bool:
        """Read the source where that is due, else take one message; whether anything changed."""
        if self.follower.loading:
            stored = backend.read(self.follower.source)
            self.follower.loaded(stored.head if stored else None)
            self.shown = stored.visible if stored else nothing(0)
            return True
        if not self.queue:
            return False
        message = parse(self.queue.popleft())
        step = self.follower.weigh(message)
        if step is Step.CHANGE:
            self._apply(message)
        return step is not Step.SKIP

    def catch_up(self, backend: Backend) -> None:
        """Take everything that waits."""
        self.step(backend)
        while self.queue or self.follower.loading:
            self.step(backend)

    def live(self, now_us: int, limit_us: int) -> bool:
        """Whether somebody who looks believes that these numbers are of now."""
        follower = self.follower
        fresh = now_us - follower.as_of_ms * 1000 <= limit_us
        return follower.head is not None and not follower.rebuilding and fresh

    def _apply(self, message: Message) -> None:
        change, shown = unpack_visible(message.visible), self.shown
        for cells, put, gone in zip(shown.cells, change.cells, change.gone, strict=True):
            cells.update(put)
            for key in gone:
                cells.pop(key, None)
        for segment, counts in change.live.items():
            shown.live[segment] = counts
            if not counts:
                del shown.live[segment]
        shown.segments = sorted({*shown.segments, *change.segments})
        shown.top_ms = change.top_ms
