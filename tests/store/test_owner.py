"""What an owner sends, and what it makes of the answers: no Redis, no Kafka."""

import pytest

from streams.core.changes import Changes, Facts, nothing
from streams.store import Beat, Commit, Owner, Position, Verdict
from streams.store.shapes import Claimed

CLAIMED = Claimed(100, 5, 41, 40, 7_000, 6_000, "90", None, "0-3", rebuilt=False)


@pytest.fixture
def owner() -> Owner:
    """An owner after its claim."""
    return Owner("calls-0", CLAIMED)


def _changes() -> Changes:
    return Changes(nothing(9_000), Facts({}, {}, []))


def _never() -> Changes:
    raise AssertionError("the ledger was asked for changes")


def _sent(owner: Owner) -> Commit:
    commit = owner.commit(_changes)
    assert commit is not None
    return commit


def test_nothing_new_is_no_commit(owner: Owner) -> None:
    """The ledger is not even asked."""
    assert owner.commit(_never) is None


def test_a_commit_says_where_it_ends(owner: Owner) -> None:
    """Epoch, expected version, offset, last record and its append time, source's time, gap."""
    owner.advance(50, 49, 8_000)

    assert _sent(owner).args()[:7] == (100, 5, 50, 49, 8_000, 9_000, "0-3")


def test_a_commit_without_record_keeps_the_last_one(owner: Owner) -> None:
    """The position moved over markers."""
    owner.advance(50)

    assert _sent(owner).args()[2:5] == (50, 40, 7_000)


def test_the_commit_in_flight_is_offered_until_it_is_answered(owner: Owner) -> None:
    """The same object; the ledger is not asked again, whatever was folded since."""
    owner.advance(50, 50, 8_000)
    first = owner.commit(_changes)
    owner.advance(60, 60, 9_000)

    assert owner.commit(_never) is first


def test_what_was_folded_since_goes_out_with_the_next_commit(owner: Owner) -> None:
    """One in flight at a time."""
    owner.advance(50, 50, 8_000)
    first = _sent(owner)
    owner.advance(60, 60, 9_000)

    assert owner.replied(first, 1) is Verdict.DONE
    assert (owner.stored, owner.version) == (50, 6)
    assert _sent(owner).args()[:3] == (100, 6, 60)


def test_a_reply_to_an_earlier_commit_is_late(owner: Owner) -> None:
    """It says nothing about the one in flight, not even when it is a refusal."""
    owner.advance(50, 50, 8_000)
    first = _sent(owner)
    owner.replied(first, 1)
    owner.advance(60, 60, 9_000)
    second = _sent(owner)

    assert owner.replied(first, 2) is Verdict.LATE
    assert owner.replied(first, 0) is Verdict.LATE
    assert (owner.stored, owner.refused) == (50, False)
    assert owner.replied(second, 2) is Verdict.DONE


def test_a_reply_to_the_commit_of_another_claim_is_late(owner: Owner) -> None:
    """Versions of two epochs are not compared."""
    owner.advance(50, 50, 8_000)
    _sent(owner)
    other = Commit(99, 5, 50, 50, 0, 0, "", b"", b"")

    assert owner.replied(other, 1) is Verdict.LATE
    assert owner.beaten(Beat(99, None, "0", 5), None) is Verdict.LATE


def test_a_refused_owner_sends_nothing_more(owner: Owner) -> None:
    """Its ledger is to be dropped."""
    owner.advance(50, 50, 8_000)

    assert owner.replied(_sent(owner), 0) is Verdict.REFUSED
    owner.advance(60, 60, 9_000)
    assert owner.commit(_never) is None


def test_what_was_lost_is_added_to_the_gap(owner: Owner) -> None:
    """And the owner goes on behind it."""
    owner.lost(45)
    owner.lost(45)
    owner.lost(10)

    assert (owner.folded, owner.gap) == (44, "0-3,42-45")


def test_the_stored_offset_goes_to_the_group_after_a_claim_at_once(owner: Owner) -> None:
    """And once only."""
    position = owner.to_group()
    assert position == Position(42, after_refusal=False)

    owner.in_group(position)

    assert owner.to_group() is None


def test_what_is_folded_does_not_go_to_the_group_before_it_is_stored(owner: Owner) -> None:
    """Else a crash would lose it."""
    owner.in_group(Position(42, after_refusal=False))
    owner.advance(50, 50, 8_000)
    sent = _sent(owner)
    assert owner.to_group() is None

    owner.replied(sent, 1)

    assert owner.to_group() == Position(51, after_refusal=False)


def test_a_refused_owner_may_claim_again_when_the_group_has_taken_the_stored_offset(
    owner: Owner,
) -> None:
    """The group still counts this worker as the owner; a zombie stays quiet."""
    owner.in_group(Position(42, after_refusal=False))
    owner.advance(50, 50, 8_000)
    owner.replied(_sent(owner), 0)
    assert not owner.may_claim

    position = owner.to_group()
    assert position == Position(42, after_refusal=True)
    owner.in_group(position)

    assert owner.may_claim


def test_a_group_commit_from_before_the_refusal_does_not_allow_a_claim(owner: Owner) -> None:
    """The group may have given the source away since."""
    asked = owner.to_group()
    assert asked is not None
    owner.beaten(owner.beat(), None)

    owner.in_group(asked)

    assert not owner.may_claim


def test_an_owner_that_is_not_refused_never_claims_again(owner: Owner) -> None:
    """It has its claim."""
    owner.in_group(Position(42, after_refusal=False))

    assert not owner.may_claim


def test_the_first_beat_knows_neither_end_nor_time(owner: Owner) -> None:
    """Until the broker and Redis have answered."""
    assert owner.beat() == Beat(100, None, "0", 5)
    assert owner.beat().args() == (100, "", "0")


def test_a_beat_carries_the_end_and_when_it_was_asked(owner: Owner) -> None:
    """The time is Redis' own, from the answer to the beat before."""
    assert owner.beaten(owner.beat(), (5, "1000")) is Verdict.DONE
    asked = owner.clock
    owner.beaten(owner.beat(), (5, "2000"))
    owner.ended(77, asked)

    assert owner.beat() == Beat(100, 77, "1000", 5)
    assert owner.clock == "2000"


def test_a_refused_beat_is_a_refused_commit() -> None:
    """No answer, or a version that was acknowledged and is not there."""
    for answer in (None, (4, "1000")):
        owner = Owner("calls-0", CLAIMED)
        assert owner.beaten(owner.beat(), answer) is Verdict.REFUSED
        assert owner.refused
