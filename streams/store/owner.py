"""One source in one worker, from its claim to its end: what to send, and what the answers mean.

Theory of operation. The worker folds, and says so by `advance`. `commit` offers one commit at a
time: the one in flight again, byte for byte, until it is answered, because nobody knows whether an
unanswered one was stored; what was folded since waits for the next. `replied` and `beaten` judge
the answers. One that is refused ends this owner for good: somebody else has claimed the source, or
Redis has lost what it had acknowledged. The worker then drops the ledger, and may claim again only
after the group, asked once more, has taken the stored offset: else two workers would take the
source from each other for ever.

No clock and no socket in here: Redis' time comes in with the answers to beats.
"""

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from streams.codec import pack_facts, pack_visible
from streams.core.changes import Changes
from streams.store.shapes import Beat, Claimed, Commit


class Verdict(Enum):
    """What an answer means."""

    DONE = "done"
    REFUSED = "refused"
    """Drop the ledger, and claim again once `Owner.may_claim` says so."""
    LATE = "late"
    """It answers something that is no longer in flight: ignore it."""


class Position(NamedTuple):
    """What is to be committed to the consumer group."""

    next: int
    """The stored offset + 1."""
    after_refusal: bool
    """Asked in order to claim again."""


class Owner:
    """The commits and beats of one source under one claim."""

    def __init__(self, source: str, claimed: Claimed) -> None:
        self.source, self.epoch = source, claimed.epoch
        self.version = claimed.version
        """Of the last commit that was acknowledged."""
        self.stored = claimed.offset
        """Everything up to here is in Redis."""
        self.folded = claimed.offset
        """Everything up to here is in the ledger."""
        self.record, self.append_ms, self.gap = claimed.record, claimed.append_ms, claimed.gap
        self.refused = False
        self.may_claim = False
        """Whether a refused owner may be followed by another claim of this worker."""
        self.clock = "0"
        """Redis' time in µs when it answered the last beat; note it before asking for the end."""
        self._end: int | None = None
        self._asked = "0"
        self._flight: Commit | None = None
        self._in_group: int | None = None

    def advance(self, offset: int, record: int | None = None, append_ms: int = 0) -> None:
        """Notes that everything up to `offset` has been folded.

        Args:
            offset: the consumer's position - 1.
            record: the last offset of these at which there was a record; `None` = there was none.
            append_ms: when that record was appended.
        """
        self.folded = offset
        if record is not None:
            self.record, self.append_ms = record, append_ms

    def lost(self, begin: int) -> None:
        """Notes that the log now begins at `begin`: what lies between can never be folded."""
        if begin > self.folded + 1:
            self.gap += f"{',' if self.gap else ''}{self.folded + 1}-{begin}"
            self.folded = begin - 1

    def commit(self, take: Callable[[], Changes]) -> Commit | None:
        """Returns the commit to send now, `None` where there is nothing new.

        Args:
            take: the ledger's `take_changes`; called only where a new commit is made.
        """
        if self._flight is None and self.folded != self.stored and not self.refused:
            changes = take()
            self._flight = Commit(
                self.epoch, self.version, self.folded, self.record, self.append_ms,
                changes.visible.top_ms, self.gap,
                pack_visible(changes.visible), pack_facts(changes.facts),
            )  # fmt: skip
        return self._flight

    def replied(self, sent: Commit, code: int) -> Verdict:
        """Judges the answer to a commit: 1 done, 2 was done before, 0 refused."""
        if self._flight is None or sent.expected != self.version or sent.epoch != self.epoch:
            return Verdict.LATE
        if not code:
            return self._refuse()
        self.stored, self.version, self._flight = self._flight.offset, self.version + 1, None
        return Verdict.DONE

    def ended(self, end: int, asked: str) -> None:
        """Notes where the broker says the log ends.

        Args:
            end: the offset that the next record will get.
            asked: `clock` as it was before the broker was asked.
        """
        self._end, self._asked = end, asked

    def beat(self) -> Beat:
        """Returns the beat to send now."""
        return Beat(self.epoch, self._end, self._asked, self.version)

    def beaten(self, sent: Beat, answer: tuple[int, str] | None) -> Verdict:
        """Judges the answer to a beat: less than was acknowledged = Redis has lost a commit."""
        if sent.epoch != self.epoch:
            return Verdict.LATE
        if answer is None or answer[0] < sent.acknowledged:
            return self._refuse()
        self.clock = answer[1]
        return Verdict.DONE

    def to_group(self) -> Position | None:
        """Returns what to commit to the consumer group now, `None` where it has that already.

        After a claim at once, then after each commit, and after a refusal until it succeeds.
        """
        if self._in_group == self.stored + 1:
            return None
        return Position(self.stored + 1, self.refused)

    def in_group(self, position: Position) -> None:
        """Notes that the group has taken a position."""
        if position.after_refusal == self.refused:
            self._in_group = position.next
            self.may_claim = self.refused

    def _refuse(self) -> Verdict:
        self.refused, self._flight, self._in_group = True, None, None
        return Verdict.REFUSED
