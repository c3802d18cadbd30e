"""What rules see of the numbers: the board's own extras, and earlier weeks."""

import datetime as dt

import pytest

from alerting.core.view import AlertBoard, Earlier, detailed, length_ms, nominal_ms, tracked
from streams.core.buckets import QUARTER_MS, Retention, Zone
from streams.core.events import millis
from streams.core.policy import ReadingPolicy
from streams.core.tally import WAIT, histogram_index
from tests.alerting.core.feeds import START_MS, Feed
from tests.alerting.core.views import Deep, View

Q = "queue:sav"
DAY_MS = 24 * 3_600_000


def test_views_may_say_more() -> None:
    """A board does; a bare view does not."""
    board = AlertBoard(Zone("UTC"), ReadingPolicy(), ["calls-0"], Retention())

    assert (detailed(board), tracked(board)) == (True, True)
    assert (detailed(View()), tracked(View())) == (False, False)
    assert (detailed(Deep()), tracked(Deep())) == (True, False)


@pytest.mark.parametrize(
    ("window", "ms"),
    [
        ("30s", 30_000),
        ("30m", 1_800_000),
        ("interval", QUARTER_MS),
        ("2h", 2 * 3_600_000 + QUARTER_MS),
        ("7d", 7 * DAY_MS),
        ("live", None),
        ("soon", None),
    ],
)
def test_a_window_has_a_length(window: str, ms: int | None) -> None:
    """Hours have the running quarter hour on top; what is true now has none."""
    assert length_ms(window) == ms
    assert nominal_ms(window) == (2 * 3_600_000 if window == "2h" else ms)


def test_a_board_tells_its_histograms_and_who_waits_too_long() -> None:
    """Two answered after 10 s; one waits, first in time and then too long."""
    feed = Feed()
    for n in range(2):
        feed.call(f"c{n}", "sav", START_MS, answered_ms=START_MS + 10_000)
    feed.call("w", "sav", START_MS + 10_000)
    feed.to(START_MS + 20_000)

    assert feed.board.histogram(Q, "15m") == {WAIT + histogram_index(10_000): 2}
    assert feed.board.histogram(Q, "10s") == {}
    assert feed.board.beyond(Q) == 0
    feed.to(START_MS + 60_000)
    assert feed.board.beyond(Q) == 1


def test_a_board_tells_where_anything_has_changed() -> None:
    """Everything at first; then what comes in, and what falls out of a window that is read."""
    feed = Feed()
    feed.call("a", "sav", START_MS, answered_ms=START_MS + 5_000)
    feed.call("b", "web", START_MS + 3_600_000)
    feed.to(START_MS + 70_000)
    board = feed.board
    assert board.moved() is None
    assert board.moved() == frozenset()

    board.read(Q, "abandonment_rate", "15m")
    board.moved()
    feed.to(START_MS + 600_000)
    assert board.moved() == frozenset()
    feed.to(START_MS + 920_000)
    assert Q in (board.moved() or ())

    feed.to(START_MS + 3_601_000)  # a queue that nobody had seen
    assert board.moved() is None
    feed.call("c", "web", START_MS + 3_605_000)
    feed.to(START_MS + 3_610_000)
    assert {"queue:web", "channel:voice", "site"} == set(board.moved() or ())


def test_a_window_that_leaps_has_changed() -> None:
    """A quarter hour that begins anew has nothing of the one before."""
    feed = Feed()
    feed.call("a", "sav", START_MS, answered_ms=START_MS + 5_000)
    feed.to(START_MS + 70_000)
    feed.board.read(Q, "offered", "interval")
    feed.board.moved()
    feed.to(START_MS + QUARTER_MS)

    assert feed.board.moved() == {Q}


def test_a_source_that_comes_goes_or_is_built_anew_changes_everything() -> None:
    """Who knows what is in it."""
    feed = Feed()
    feed.to(START_MS)
    board = feed.board
    board.moved()

    board.mark("calls-0", START_MS, rebuilding=False)
    assert board.moved() == frozenset()
    board.mark("calls-0", START_MS, rebuilding=True)
    assert board.moved() is None
    board.drop("calls-0")
    assert board.moved() is None
    board.load("calls-0", feed.ledger.everything())
    assert board.moved() is None


class Weeks(View):
    """One whose earlier weeks are a function of time."""

    def __init__(self, at: str) -> None:
        local = dt.datetime.fromisoformat(at).replace(tzinfo=Zone("Europe/Paris").info)
        super().__init__(millis(local))
        self.asked: list[str] = []

    def history(self, segment: str, kpi: str, at_ms: int) -> float | None:  # noqa: ARG002
        """Return the hour of the day, and remember what was asked."""
        local = self.zone.local(at_ms)
        self.asked.append(f"{local:%m-%d %H:%M}")
        return float(local.hour)


def test_earlier_weeks_are_counted_on_the_clock_on_the_wall() -> None:
    """A week after the clocks changed, the same quarter hour is meant, not the same distance."""
    view = Weeks("2026-10-27 09:15")
    span = view.now_ms - QUARTER_MS, view.now_ms
    expected = Earlier().expected(view, Q, "offered", span, (3, 2))

    assert expected == 9.0
    assert view.asked == ["10-20 09:00", "10-13 09:00", "10-06 09:00"]


def test_quarter_hours_count_as_far_as_they_lie_in_the_window() -> None:
    """Ten minutes of 8 and five of 9; medians are remembered."""
    view = Weeks("2026-03-03 09:05")
    span = view.now_ms - QUARTER_MS, view.now_ms
    earlier = Earlier()

    assert earlier.expected(view, Q, "offered", span, (4, 2)) == pytest.approx(8 * 2 / 3 + 9 / 3)
    asked = len(view.asked)
    earlier.expected(view, Q, "offered", span, (4, 2))
    assert len(view.asked) == asked == 8


def test_what_nobody_knows_yet_is_asked_again() -> None:
    """A store may be slower than the first tick."""
    view, earlier = View(), Earlier()
    span = view.now_ms - QUARTER_MS, view.now_ms
    view.earlier[Q, "offered"] = [40.0]

    assert earlier.expected(view, Q, "offered", span, (4, 2)) is None
    view.earlier[Q, "offered"] = [40.0, None, 44.0]
    assert earlier.expected(view, Q, "offered", span, (4, 2)) == 42.0
