"""One source: what it takes, when it is full, and what it offers to store."""

from faust.types import TP

from streams.chunks import MAX_CHUNK, Chunk
from streams.core.ledger import Ledger
from streams.core.policy import FoldPolicy
from streams.source import COMMIT_RECORDS, MOST_UNCOMMITTED, Source
from streams.store import Claimed, Owner, Verdict
from tests.streams.fakes import events
from tests.streams.logs import Fact

A = TP("calls", 0)
NEW = Claimed(7, 0, -1, -1, 0, 0, "b", None, "", rebuilt=True)
VALUE = events(1)[0]


def source() -> Source:
    """Returns a source that was just claimed."""
    return Source(A, Ledger(FoldPolicy(), "voice"), Owner("calls-0", NEW))


def chunk(of: Source, records: int) -> Chunk:
    """Returns a chunk of repetitions of one event that follows."""
    prev = of.owner.folded
    facts = [Fact(prev + 1 + i, VALUE, 2**42) for i in range(records)]
    return Chunk(A, prev, prev + records, facts, 1)


def test_only_what_follows_is_taken() -> None:
    """Only after its predecessor a chunk is ours; a disowned source takes none."""
    it = source()
    fine = chunk(it, 3)
    assert it.takes(fine)
    assert not it.takes(Chunk(A, 5, 6, [], 1))
    it.disown()
    assert not it.takes(fine)


def test_a_commit_is_due_and_folding_stops_at_their_limits() -> None:
    """Some are due, twice as many are full; answers make room again."""
    it = source()
    while it.uncommitted < COMMIT_RECORDS:
        assert not it.due.is_set()
        it.fold(chunk(it, MAX_CHUNK))
    assert it.due.is_set()
    offered = it.commit()
    while it.uncommitted < MOST_UNCOMMITTED:
        assert it.room.is_set()
        it.fold(chunk(it, MAX_CHUNK))
    assert not it.room.is_set()
    assert it.commit() == offered
    assert offered is not None
    assert it.replied(offered[0], 1) is Verdict.DONE
    assert it.room.is_set()
    assert it.uncommitted == COMMIT_RECORDS


def test_everything_stored_is_settled() -> None:
    """A revocation waits for that."""
    it = source()
    assert it.settled.is_set()
    it.fold(chunk(it, 3))
    assert not it.settled.is_set()
    offered = it.commit()
    assert offered is not None
    it.replied(offered[0], 1)
    assert it.settled.is_set()
    assert it.commit() is None


def test_a_source_is_behind_while_the_log_has_another_whole_commit() -> None:
    """Then a commit may wait to be larger; near the end of the log it may not."""
    it = source()
    assert not it.behind
    it.end = it.owner.folded + COMMIT_RECORDS + 1
    assert it.behind
    it.fold(chunk(it, 1))
    assert not it.behind


def test_whoever_waits_for_a_disowned_source_is_let_go() -> None:
    """Nobody hangs on a ledger that is gone."""
    it = source()
    while it.uncommitted < MOST_UNCOMMITTED:
        it.fold(chunk(it, MAX_CHUNK))
    it.disown()
    assert it.room.is_set()
    assert it.settled.is_set()
    assert it.due.is_set()


def test_only_a_log_that_has_more_can_stall() -> None:
    """Progress, no lag, or no room: nothing is wrong."""
    it = source()
    assert [it.stalled(lag) for lag in (5, 5, 5, 0, 5)] == [1, 2, 3, 0, 1]
    it.fold(chunk(it, 3))
    assert [it.stalled(5) for _ in range(2)] == [0, 1]
    it.room.clear()
    assert it.stalled(5) == 0
