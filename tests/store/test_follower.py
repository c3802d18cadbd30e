"""What a reader makes of the messages, of those that it misses, and of those that come late."""

from tests.store.hands import Screen
from tests.store.play import NEW, SOURCE, Play


def _opened(play: Play, records: int = 30, folded: int = 3) -> Screen:
    """A reader of a source with one commit."""
    play.produce(records)
    play.store(play.claim(), folded)
    return play.screen()


def test_a_reader_shows_what_is_stored_and_every_commit_after_it(play: Play) -> None:
    """The commits are applied, nothing is read again."""
    play.produce(60)
    hand = play.claim()
    play.store(hand, 3)
    screen = play.screen()
    head = screen.follower.head
    for _ in range(10):
        play.store(hand, 5)
        play.show()

    assert screen.shown == play.stored().visible
    assert screen.follower.head is head
    assert screen.follower.version == 11


def test_a_reader_that_subscribes_before_it_reads_misses_nothing(play: Play) -> None:
    """A commit between the two comes as a message that is already known."""
    play.produce(30)
    hand = play.claim()
    screen = play.screen()
    screen.follower.reset()
    play.store(hand, 3)
    play.show()
    play.store(hand, 3)
    play.show()

    assert screen.shown == play.stored().visible


def test_a_commit_that_is_known_is_skipped(play: Play) -> None:
    """Old values do not come back."""
    play.produce(30)
    hand = play.claim()
    screen = play.screen()
    play.store(hand, 3)
    message = play.backend.feed()[0][1]
    screen.queue.append(message)
    play.show()
    play.store(hand, 3)
    play.show()
    screen.queue.append(message)
    play.show()

    assert screen.shown == play.stored().visible
    assert not screen.follower.loading


def test_a_gap_reads_the_source_again(play: Play) -> None:
    """A missed commit cannot be guessed from the next one."""
    play.produce(30)
    hand = play.claim()
    screen = play.screen()
    play.store(hand, 9)
    play.lose_messages()
    play.store(hand, 2)
    play.show()

    assert screen.shown == play.stored().visible


def test_a_beat_with_a_higher_version_reads_the_source_again(play: Play) -> None:
    """Else `as_of` would speak of cells that are not shown."""
    play.produce(5)
    hand = play.claim()
    play.beat(hand)
    screen = play.screen()
    play.wait(1)
    play.produce(5)
    play.store(hand, 10)
    play.lose_messages()
    play.wait(1)
    play.beat(hand)
    play.ask_end(hand)
    play.wait(1)
    play.beat(hand)
    play.show()

    assert screen.shown == play.stored().visible
    assert screen.follower.version == 1


def test_a_beat_with_a_lower_version_is_skipped(play: Play) -> None:
    """It was sent before the commit that is shown."""
    play.produce(30)
    hand = play.claim()
    play.store(hand, 3)
    screen = play.screen()
    play.wait(1)
    play.beat(hand)
    play.store(hand, 3)
    beat, commit = (message for _, message in play.backend.feed())
    screen.queue.extend([commit, beat])
    play.show()

    assert (screen.follower.version, screen.follower.loading) == (2, False)


def test_a_message_of_another_epoch_reads_the_source_again(play: Play) -> None:
    """The versions of another owner say nothing about those that are shown."""
    screen = _opened(play)
    play.flush()
    play.wait(1)
    hand = play.claim()
    play.store(hand, 1)
    play.lose_messages()
    play.store(hand, 1)
    play.show()

    assert screen.shown == play.stored().visible


def test_a_beat_of_another_epoch_reads_the_source_again(play: Play) -> None:
    """A quiet source tells of its new owner by its first beat."""
    screen = _opened(play)
    play.flush()
    play.wait(1)
    play.beat(play.claim())
    play.show()

    assert screen.follower.rebuilding
    assert screen.shown == play.stored().visible


def test_other_settings_are_seen_with_the_first_message(play: Play) -> None:
    """The build is another one, its version begins again."""
    screen = _opened(play, folded=30)
    play.wait(1)
    hand = play.claim(NEW)
    play.store(hand, 1)
    play.show()

    assert screen.follower.rebuilding
    assert screen.shown == play.stored().visible


def test_a_source_without_key_is_rebuilding(play: Play) -> None:
    """Nobody has claimed it, or Redis was emptied: nothing is shown."""
    screen = play.screen()

    assert screen.follower.rebuilding
    assert not screen.follower.loading


def test_a_source_without_key_is_read_when_its_first_message_comes(play: Play) -> None:
    """Its owner beats at once."""
    screen = play.screen()
    play.beat(play.claim())
    play.show()

    assert screen.follower.head is not None
    assert not screen.follower.rebuilding


def test_a_new_subscription_reads_the_source_again(play: Play) -> None:
    """While it was away, anything may have happened."""
    play.produce(30)
    hand = play.claim()
    play.store(hand, 3)
    screen = play.screen()
    play.store(hand, 3)
    play.lose_messages()
    screen.follower.reset()
    play.show()

    assert screen.shown == play.stored().visible


def test_a_reader_is_rebuilding_until_the_commit_that_reaches_the_end(play: Play) -> None:
    """Without reading anything again."""
    screen = _opened(play, records=10, folded=9)
    assert screen.follower.rebuilding
    hand = play.claim()
    play.beat(hand)
    play.show()
    assert screen.follower.rebuilding

    play.store(hand, 1)
    play.show()

    assert not screen.follower.rebuilding
    assert play.backend.head(SOURCE) != screen.follower.head
