"""The mailbox of one, and how much a client may ask."""

from api.hub import Hub
from api.mailbox import MAX_BLOCKED_S, MAX_MESSAGES, MAX_SKIPS, PER_S, Allowance, Mailbox
from api.messages import Subscribe
from tests.api.fakes import FakeBoard


def ready() -> tuple[Hub, Mailbox]:
    """Returns a hub after a tick and a mailbox with a view whose snapshot is due."""
    hub = Hub(FakeBoard(), "e")
    hub.tick(1000, 1000, {})
    mailbox = Mailbox()
    mailbox.show(hub.subscribe(Subscribe(1, ("site@30m",), ("offered",)))[0])
    return hub, mailbox


def tick(hub: Hub, mailbox: Mailbox) -> None:
    """Makes a tick that this client is told of."""
    hub.tick(hub.board.now_ms + 1000, hub.board.now_ms + 1000, {})
    mailbox.ring()


def kinds(hub: Hub, mailbox: Mailbox) -> list[str]:
    """Returns the kinds of everything that is due, sent at once."""
    out = []
    while (text := mailbox.take(hub, 0.0)) is not None:
        mailbox.sent()
        out.append(text.split('"')[3])
    return out


def test_a_client_that_keeps_up_gets_its_snapshot_and_then_deltas() -> None:
    """One a tick, nothing twice."""
    hub, mailbox = ready()
    said = [kinds(hub, mailbox)]
    for _ in range(3):
        tick(hub, mailbox)
        said.append(kinds(hub, mailbox))
        said.append(kinds(hub, mailbox))

    assert said == [["snapshot"], ["delta"], [], ["delta"], [], ["delta"], []]


def test_a_client_that_falls_behind_gets_one_snapshot_whatever_it_missed() -> None:
    """Nothing is queued; afterwards deltas again."""
    hub, mailbox = ready()
    kinds(hub, mailbox)
    for _ in range(20):
        tick(hub, mailbox)
    assert mailbox.skipped == 19

    assert kinds(hub, mailbox) == ["snapshot"]
    assert mailbox.skipped == 0
    tick(hub, mailbox)
    assert kinds(hub, mailbox) == ["delta"]


def test_notes_go_before_the_state_in_their_order() -> None:
    """`subscribed` comes before the snapshot of the subscription."""
    hub, mailbox = ready()
    mailbox.note('{"type":"subscribed"}')
    mailbox.note('{"type":"error"}')

    assert kinds(hub, mailbox) == ["subscribed", "error", "snapshot"]


def test_a_resync_brings_a_snapshot_of_the_same_tick_again() -> None:
    """The client need not wait for the next one."""
    hub, mailbox = ready()
    kinds(hub, mailbox)
    mailbox.resync()

    assert kinds(hub, mailbox) == ["snapshot"]


def test_before_a_subscription_there_is_nothing_to_send_or_to_miss() -> None:
    """However many ticks pass; a resync without subscription is harmless."""
    hub = Hub(FakeBoard(), "e")
    mailbox = Mailbox()
    mailbox.resync()
    for _ in range(MAX_SKIPS + 2):
        tick(hub, mailbox)

    assert kinds(hub, mailbox) == []
    assert not mailbox.too_slow(1e9)


def test_who_misses_more_than_thirty_ticks_in_a_row_is_too_slow() -> None:
    """Thirty are forgiven."""
    hub, mailbox = ready()
    kinds(hub, mailbox)
    for _ in range(MAX_SKIPS + 1):
        tick(hub, mailbox)
    assert not mailbox.too_slow(0.0)

    tick(hub, mailbox)
    assert mailbox.too_slow(0.0)


def test_who_blocks_one_send_for_longer_than_fifteen_seconds_is_too_slow() -> None:
    """Counted from the beginning of the send; a send that ended counts no more."""
    hub, mailbox = ready()
    mailbox.take(hub, 100.0)

    assert not mailbox.too_slow(100.0 + MAX_BLOCKED_S)
    assert mailbox.too_slow(100.1 + MAX_BLOCKED_S)
    mailbox.sent()
    assert not mailbox.too_slow(1e9)


def test_ten_messages_in_ten_seconds_are_allowed_and_no_more() -> None:
    """The oldest must be ten seconds old."""
    allowance = Allowance()
    assert all(allowance.spend(i * 0.5) for i in range(MAX_MESSAGES))

    assert not allowance.spend(PER_S - 0.1)
    assert allowance.spend(PER_S)
    assert not allowance.spend(PER_S + 0.4)
