"""Who owns a source, and where a new owner goes on."""

import pytest
import redis

from streams.store import SettingsOlder
from tests.store.backends import claim
from tests.store.play import NEW, OLD, SOURCE, Play
from tests.store.world import State


def test_a_claim_that_finds_nothing_begins_before_the_first_record(play: Play) -> None:
    """Version 0, offset begin − 1, nothing folded; the build is new."""
    play.produce(10)

    claimed = claim(play.backend, SOURCE, OLD, 0, 10)

    assert (claimed.version, claimed.offset, claimed.record) == (0, -1, -1)
    assert (claimed.append_ms, claimed.top_ms, claimed.gap, claimed.rebuilt) == (0, 0, "", True)


def test_a_log_that_was_cut_off_leaves_a_gap(play: Play) -> None:
    """What lies before the log's beginning is said to be lost."""
    claimed = claim(play.backend, SOURCE, OLD, 7, 10)

    assert (claimed.offset, claimed.gap) == (6, "0-7")


def test_a_log_with_records_is_rebuilt_up_to_its_end(play: Play) -> None:
    """The source is rebuilding until the end that the log had."""
    assert claim(play.backend, SOURCE, OLD, 0, 10).until == 10
    assert play.stored().head.rebuilding


def test_an_empty_log_is_not_rebuilt(play: Play) -> None:
    """There is nothing to wait for, even where the log once had records."""
    assert claim(play.backend, SOURCE, OLD, 7, 7).until is None
    assert not play.stored().head.rebuilding


def test_rebuilding_survives_later_claims(play: Play) -> None:
    """A new owner in the middle does not make incomplete numbers whole."""
    play.produce(10)
    play.store(play.claim(), 3)
    play.produce(10)

    hand = play.claim()

    assert play.stored().head.until == 10
    assert hand.owner.folded == 2
    assert not claim(play.backend, SOURCE, OLD, 0, 20).rebuilt


def test_an_epoch_is_redis_time_in_microseconds(play: Play) -> None:
    """Exactly, to the last digit, also where the microseconds begin with zeros."""
    play.backend.now_us = 1_763_424_242_000_042

    assert claim(play.backend, SOURCE, OLD, 0, 0).epoch == 1_763_424_242_000_042


def test_an_epoch_is_greater_than_the_one_before(play: Play) -> None:
    """Even where Redis' clock stands still or goes back."""
    first = claim(play.backend, SOURCE, OLD, 0, 0).epoch
    play.backend.now_us -= 60_000_000

    assert claim(play.backend, SOURCE, OLD, 0, 0).epoch == first + 1
    assert claim(play.backend, SOURCE, OLD, 0, 0).epoch == first + 2


def test_epochs_do_not_start_again_when_redis_was_emptied(play: Play) -> None:
    """A reader that missed it takes no commit of the new build for one of the old."""
    play.produce(30)
    play.store(play.claim(), 3)
    screen = play.screen()
    play.flush()
    play.wait(1)
    hand = play.claim()
    play.store(hand, 1)
    play.store(hand, 1)

    play.show()

    assert screen.shown == play.stored().visible


def test_a_new_owner_goes_on_where_the_old_one_has_committed(play: Play) -> None:
    """Offset, record, append time, source's time, build: all as stored."""
    play.produce(10)
    hand = play.claim()
    play.store(hand, 4)
    hand.fold(3)

    again = claim(play.backend, SOURCE, OLD, 0, 10)

    head = play.stored().head
    assert (again.version, again.offset, again.record, again.rebuilt) == (1, 3, 3, False)
    assert (again.append_ms, again.top_ms, again.build) == (head.append_ms, 1, head.build)
    assert head.append_ms == play.log.entries[3][1] // 1000


def test_settings_with_a_later_date_fold_the_log_again(play: Play, port: int) -> None:
    """A new, empty build; what other settings have folded is gone in the same call."""
    play.produce(10)
    play.store(play.claim(OLD), 10)
    old = play.stored().head

    hand = play.claim(NEW)

    stored = play.stored()
    assert (stored.head.version, stored.head.offset, stored.head.until) == (0, -1, 10)
    assert stored.head.build != old.build
    assert (stored.visible, stored.facts) == (State().visible(), {})
    with redis.Redis(port=port) as client:
        assert client.keys() == [b"pouls:2:{calls-0}"]
    play.store(hand, 10)
    assert not play.stored().head.rebuilding


def test_settings_without_a_later_date_stop_the_worker(play: Play) -> None:
    """Two workers with different settings do not take turns."""
    play.produce(10)
    play.store(play.claim(NEW), 10)
    before = play.stored()

    with pytest.raises(SettingsOlder, match="calls-0 was folded with other settings"):
        play.claim(OLD)
    with pytest.raises(SettingsOlder):
        claim(play.backend, SOURCE, ("C", 2), 0, 10)

    assert play.stored() == before


def test_the_latest_date_of_the_same_settings_counts(play: Play) -> None:
    """A later date with nothing changed keeps the build, and keeps older settings out."""
    play.produce(10)
    play.store(play.claim(("A", 1)), 10)
    build = play.stored().head.build

    play.claim(("A", 3))
    play.claim(("A", 1))

    assert (play.stored().head.build, play.stored().head.since) == (build, 3)
    with pytest.raises(SettingsOlder):
        play.claim(("B", 2))
