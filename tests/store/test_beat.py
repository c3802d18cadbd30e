"""What a beat says, and who may say it."""

from streams.store import Verdict
from tests.store.play import SOURCE, Play
from tests.store.watch import LIMIT_US
from tests.store.world import Record


def test_as_of_is_the_last_append_time_while_the_log_goes_on(play: Play) -> None:
    """Not caught up: the numbers are as old as the last record in them."""
    play.produce(10)
    hand = play.claim()
    play.store(hand, 5)
    play.wait(2)
    play.fresh_beat(hand)

    assert play.stored().head.as_of_ms == play.log.entries[4][1] // 1000


def test_as_of_is_when_it_was_asked_where_everything_is_committed(play: Play) -> None:
    """A quiet source is as fresh as the question for the log's end."""
    play.produce(10)
    hand = play.claim()
    play.store(hand, 10)
    play.wait(60)
    play.beat(hand)
    asked_us = play.backend.now_us
    play.wait(1)
    play.ask_end(hand)
    play.wait(1)
    play.beat(hand)

    assert play.stored().head.as_of_ms == asked_us // 1000


def test_as_of_is_not_taken_from_an_end_that_was_asked_for_before(play: Play) -> None:
    """The clock that counts is the one known before the broker was asked, not a later one."""
    play.produce(5)
    hand = play.claim()
    play.store(hand, 5)
    screen = play.screen()
    play.beat(hand)
    asked, end = hand.owner.clock, play.log.end
    play.wait(2)
    play.produce(5)
    play.wait(2)
    play.beat(hand)
    hand.owner.ended(end, asked)
    play.beat(hand)
    play.show()

    assert screen.follower.as_of_ms == int(asked) // 1000


def test_as_of_counts_what_is_committed_not_what_is_folded(play: Play) -> None:
    """The script reads the stored offset itself."""
    play.produce(10)
    hand = play.claim()
    play.store(hand, 5)
    play.offer(hand, 5)
    play.wait(60)
    play.fresh_beat(hand)

    assert play.stored().head.as_of_ms == play.log.entries[4][1] // 1000


def test_as_of_never_goes_back(play: Play) -> None:
    """A new owner does not yet know where the log ends; what was said still stands."""
    play.produce(10)
    hand = play.claim()
    play.store(hand, 10)
    play.wait(60)
    play.fresh_beat(hand)
    before = play.stored().head.as_of_ms

    play.beat(play.claim())

    assert play.stored().head.as_of_ms == before == play.backend.now_us // 1000


def test_as_of_is_unknown_until_something_is_committed(play: Play) -> None:
    """A claim alone tells nothing."""
    play.produce(10)
    hand = play.claim()
    play.beat(hand)

    assert play.stored().head.as_of_ms == 0


def test_a_beat_is_published_with_epoch_version_and_as_of(play: Play) -> None:
    """Nothing else is in it."""
    play.produce(10)
    hand = play.claim()
    play.store(hand, 10)
    play.backend.feed()
    play.beat(hand)

    line = f"b {hand.owner.epoch} 1 {play.stored().head.as_of_ms}\n".encode()
    assert play.backend.feed() == [(SOURCE, line)]


def test_a_beat_returns_redis_time_in_microseconds(play: Play) -> None:
    """To the last digit, also where the microseconds begin with zeros."""
    play.backend.now_us = 1_763_424_242_000_042
    hand = play.claim()
    play.beat(hand)

    assert hand.owner.clock == "1763424242000042"


def test_the_beat_of_an_owner_that_was_followed_is_refused(play: Play) -> None:
    """It changes nothing, and nobody hears of it: the source must not look live for its sake."""
    play.produce(10)
    zombie = play.claim()
    play.store(zombie, 10)
    play.fresh_beat(zombie)
    play.claim()
    screen = play.screen()
    for _ in range(10):
        play.wait(1)
        play.beat(zombie)
        play.ask_end(zombie)
        play.show()
        play.watch.honest([screen], SOURCE, rebuilding=False, owned=False)

    assert play.beat(zombie) is Verdict.REFUSED


def test_a_beat_without_key_is_refused(play: Play) -> None:
    """So a quiet source is claimed again after Redis was emptied."""
    hand = play.claim()
    play.flush()

    assert play.beat(hand) is Verdict.REFUSED
    assert play.backend.read(SOURCE) is None


def test_a_beat_that_returns_less_than_was_acknowledged_is_a_refusal(play: Play) -> None:
    """So a quiet source is claimed again after Redis has lost its last second."""
    play.produce(10)
    hand = play.claim()
    before = play.backend.snapshot()
    play.store(hand, 10)
    play.backend.restore(before)
    play.watch.lost_at_us[SOURCE] = play.backend.now_us

    assert play.beat(hand) is Verdict.REFUSED


def test_a_beat_sent_before_a_commit_was_acknowledged_is_no_refusal(play: Play) -> None:
    """What counts is what was acknowledged when the beat was sent."""
    play.produce(10)
    hand = play.claim()
    sent = hand.owner.beat()
    assert play.beat(hand, sent) is Verdict.DONE
    play.store(hand, 10)
    late = hand.owner.beaten(sent, (0, "1"))

    assert late is Verdict.DONE


def test_a_beat_may_return_more_than_was_acknowledged(play: Play) -> None:
    """A commit was stored whose reply is still on its way."""
    play.produce(10)
    hand = play.claim()
    play.send(play.offer(hand, 10))

    assert play.beat(hand) is Verdict.DONE


def test_a_rebuild_does_not_look_live(play: Play) -> None:
    """Fresh records are committed all the time, but the log is not yet folded up to its end."""
    for i in range(30):
        play.log.append(Record("1", 1, 1), play.backend.now_us + i * 1_000_000)
    hand = play.claim()
    screen = play.screen()
    for _ in range(10):
        play.store(hand, 1)
        play.fresh_beat(hand)
        play.show()
        play.watch.honest([screen], SOURCE, rebuilding=True, owned=True)
        play.wait(1)

    assert not screen.live(play.backend.now_us, LIMIT_US)
    assert play.backend.now_us - screen.follower.as_of_ms * 1000 < LIMIT_US
