"""One commit: whole or not at all, once, by its owner only."""

import msgspec
import pytest
import redis

from streams.core.changes import Changes, Facts, LiveKey, Visible
from streams.core.tally import Cell
from streams.store import Verdict
from tests.store.backends import claim, commit
from tests.store.play import OLD, SOURCE, Answer, Play


def test_a_commit_stores_cells_live_values_facts_and_where_they_end(play: Play) -> None:
    """Everything in one step, with the source's time and the record's append time."""
    play.produce(10)
    hand = play.claim()

    assert play.store(hand, 10) == Answer(1, Verdict.DONE)

    head, visible, facts = play.stored()
    assert (head.version, head.offset, head.record) == (1, 9, 9)
    assert head.append_ms == play.log.entries[9][1] // 1000
    assert head.top_ms == hand.ledger.visible().top_ms
    assert (visible, facts) == (hand.ledger.visible(), hand.ledger.facts)


def test_facts_are_appended_to_those_stored(play: Play) -> None:
    """A commit carries the new facts of a contact, not all of them."""
    play.produce(8)
    hand = play.claim()
    play.store(hand, 7)

    sent = play.offer(hand, 1)
    play.send(sent)

    assert len(play.stored().facts["0"]) == 2
    assert sent.facts.count(b'{"c"') == 1


def test_what_has_passed_its_retention_is_deleted(play: Play) -> None:
    """Cells and contacts that the ledger lets go are not in Redis either."""
    play.produce(200)
    hand = play.claim()
    for _ in range(20):
        play.store(hand, 10)

    fine, quarter, _ = play.stored().visible.cells
    assert min(bucket for bucket, _ in fine) == hand.ledger.top - 4
    assert len({bucket for bucket, _ in quarter}) == 14


def test_an_owner_that_was_followed_is_refused(play: Play) -> None:
    """The commit of an older epoch changes nothing, and its follower's is not mistaken for it."""
    play.produce(30)
    zombie = play.claim()
    late = play.offer(zombie, 3)
    owner = play.claim()
    sent = play.offer(owner, 12)

    assert play.answer(zombie, late, play.send(late)) == Answer(0, Verdict.REFUSED)
    assert play.answer(owner, sent, play.send(sent)) == Answer(1, Verdict.DONE)
    play.store(owner, 2)


def test_a_commit_that_comes_twice_after_others_is_refused(play: Play) -> None:
    """Old absolute values do not overwrite newer ones of the same epoch."""
    play.produce(30)
    hand = play.claim()
    first = play.offer(hand, 3)
    play.answer(hand, first, play.send(first))
    play.store(hand, 3)

    assert play.send(first) == 0


def test_a_commit_from_the_future_is_refused(play: Play) -> None:
    """Redis lost the commit before: the one after it does not fit."""
    play.produce(30)
    hand = play.claim()
    before = play.backend.snapshot()
    play.store(hand, 3)
    play.backend.restore(before)
    play.watch.lost_at_us[SOURCE] = play.backend.now_us

    assert play.store(hand, 3) == Answer(0, Verdict.REFUSED)


def test_a_lost_reply_is_heard_at_the_second_try(play: Play) -> None:
    """The same commit sent again is known to be done; nothing is stored twice."""
    play.produce(30)
    hand = play.claim()
    sent = play.offer(hand, 3)
    assert play.send(sent) == 1
    before = play.stored()

    again = play.offer(hand, 2)

    assert again == sent
    assert play.answer(hand, again, play.send(again)) == Answer(2, Verdict.DONE)
    assert play.stored() == before
    assert play.store(hand, 2) == Answer(1, Verdict.DONE)


def test_a_missing_key_refuses(play: Play) -> None:
    """A commit after Redis was emptied would store a part as if it were all."""
    play.produce(30)
    hand = play.claim()
    play.store(hand, 3)
    play.flush()

    assert play.store(hand, 3) == Answer(0, Verdict.REFUSED)
    assert play.backend.read(SOURCE) is None


@pytest.mark.parametrize("blob", ["visible", "facts"])
def test_a_commit_that_cannot_be_decoded_changes_nothing(play: Play, blob: str) -> None:
    """Both blobs are decoded before the first write."""
    play.produce(30)
    hand = play.claim()
    play.store(hand, 3)
    before = play.stored()
    sent = play.offer(hand, 3)
    play.backend.feed()

    with pytest.raises(redis.ResponseError):
        play.send(msgspec.structs.replace(sent, **{blob: b"\xc1"}))

    assert play.stored() == before
    assert play.backend.feed() == []


def test_an_empty_commit_moves_on(play: Play) -> None:
    """Markers only: the offset moves, the last record and its append time stay."""
    play.produce(3)
    play.log.append(None)
    hand = play.claim()
    play.store(hand, 3)
    before = play.stored()

    assert play.store(hand, 1) == Answer(1, Verdict.DONE)

    head, visible, facts = play.stored()
    assert (head.offset, head.record, head.append_ms) == (3, 2, before.head.append_ms)
    assert (visible, facts) == before[1:]


def test_what_was_lost_is_stored_in_one_step_with_the_offset(play: Play) -> None:
    """The log was cut off beyond the stored offset: an empty commit says which offsets are gone."""
    play.produce(30)
    hand = play.claim()
    play.store(hand, 3)
    play.log.begin = 10

    play.store(hand, 0)
    assert (play.stored().head.offset, play.stored().head.gap) == (9, "3-10")

    play.store(hand, 5)
    play.log.begin = 20
    play.store(hand, 2)
    assert (play.stored().head.offset, play.stored().head.gap) == (21, "3-10,15-20")
    assert claim(play.backend, SOURCE, OLD, 20, 30).gap == "3-10,15-20"


def test_rebuilding_ends_with_the_commit_that_reaches_the_end(play: Play) -> None:
    """Not one record earlier."""
    play.produce(10)
    hand = play.claim()
    play.store(hand, 9)
    assert play.stored().head.rebuilding

    play.store(hand, 1)
    assert play.stored().head.until is None


def test_a_commit_is_published_whole(play: Play) -> None:
    """With epoch, version, offset, and everything that a reader needs; facts stay out."""
    play.produce(10)
    hand = play.claim()
    play.backend.feed()
    sent = play.offer(hand, 10)
    play.send(sent)

    line = f"c {hand.owner.epoch} 1 9\n".encode()
    assert play.backend.feed() == [(SOURCE, line + sent.visible)]


def test_a_refused_commit_is_not_published(play: Play) -> None:
    """Readers never hear of it."""
    play.produce(10)
    zombie = play.claim()
    play.claim()
    play.backend.feed()

    play.store(zombie, 3)

    assert play.backend.feed() == []


def _large() -> Changes:
    names = [f"queue:{i}" for i in range(9_000)]
    cells = {(7, name): Cell(1, {2: 3}) for name in names}
    facts = {f"{half}{i}": [b"{}"] for half in "ab" for i in range(9_000)}
    added = dict(list(facts.items())[:9_000])
    replaced = dict(list(facts.items())[9_000:])
    live = {name: {LiveKey(0, 1, 2, 3): 4} for name in names}
    visible = Visible((cells, dict(cells), dict(cells)), ([], [], []), live, names, 1)
    return Changes(visible, Facts(added, replaced, []))


def test_a_commit_may_hold_more_than_lua_can_unpack(play: Play) -> None:
    """20,000 records change more values than one call can carry."""
    hand = play.claim()
    hand.owner.advance(0, 0, 1)
    sent = hand.owner.commit(_large)
    assert sent is not None

    assert commit(play.backend, SOURCE, sent) == 1

    _, visible, facts = play.stored()
    assert [len(cells) for cells in visible.cells] == [9_000, 9_000, 9_000]
    assert (len(visible.live), len(visible.segments), len(facts)) == (9_000, 9_000, 18_000)
