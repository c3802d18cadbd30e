"""The board: what it holds, what it says, and what it refuses to say."""

import datetime as dt
from collections.abc import Mapping

import pytest

from streams.core.board import Board
from streams.core.buckets import (
    DAY,
    EVERYTHING,
    FINE,
    FINE_MS,
    HOUR_MS,
    QUARTER,
    QUARTER_MS,
    Retention,
    Zone,
)
from streams.core.changes import IN_PROGRESS, WAITING, LiveKey, Visible, nothing
from streams.core.errors import BadName, NotHeld
from streams.core.policy import Formula, ReadingPolicy, Target
from streams.core.revised import Bits, Block
from streams.core.tally import Cell, merge
from streams.core.windows import bucket_of
from tests.core.cells import cell

PARIS = Zone("Europe/Paris")
SOURCES = ["calls-0", "calls-1", "chats-0"]
MINUTE = 60_000


def at(text: str) -> int:
    """Returns an instant of 24 November 2026 (or of a date given), Paris time."""
    text = text if "T" in text else f"2026-11-24T{text}"
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=PARIS.info).timestamp() * 1000)


def change(
    *cells: tuple[int, str, Cell],
    top: int | None = None,
    live: Mapping[str, dict[LiveKey, int]] | None = None,
) -> Visible:
    """Returns one commit: every (instant, segment, cell) in all three resolutions."""
    out = nothing(top or max((ms for ms, _, _ in cells), default=0))
    for ms, segment, sums in cells:
        for resolution, into in enumerate(out.cells):
            key = bucket_of(resolution, ms, PARIS), segment
            into[key] = merge(into[key], sums) if key in into else sums
    out.live.update(live or {})
    out.segments.extend(sorted({s for _, s, _ in cells} | out.live.keys()))
    return out


def board(
    now: int, policy: ReadingPolicy | None = None, retention: Retention | None = None
) -> Board:
    """Returns a board of three sources."""
    out = Board(PARIS, policy or ReadingPolicy(), SOURCES, retention or Retention())
    out.step(now)
    return out


def value(b: Board, segment: str, kpi: str, window: str) -> int | float | None:
    """Returns the value of a reading."""
    return b.read(segment, kpi, window).value


def test_sources_are_added_up() -> None:
    """A queue is spread over the partitions of its topic; the site over all topics."""
    b = board(at("10:00:30"))
    for source, n in zip(SOURCES, (1, 2, 4), strict=True):
        b.apply(source, change((at("10:00:00"), "site", cell(offered=n))))

    assert [value(b, "site", "offered", w) for w in ("5m", "interval", "2h", "today")] == [7] * 4


#            10:00:00                                       10:05:00
#   contact     ■
#   5m at 10:04:59  ├────────────────────────────────────┤        holds it
#   5m at 10:05:00       ├────────────────────────────────────┤   does not
def test_a_contact_leaves_a_sliding_window_by_the_clock_alone() -> None:
    """No event is needed for a wall to calm down; count 0 is said, a mean is no data."""
    b = board(at("10:00:00"))
    b.apply("calls-0", change((at("10:00:00"), "site", cell([9_000], answered=1, wait_ms=9_000))))

    b.step(at("10:04:59"))
    assert value(b, "site", "wait_mean", "5m") == 9.0
    b.step(at("10:05:00"))
    assert value(b, "site", "answered", "5m") == 0
    assert value(b, "site", "wait_mean", "5m") is None
    assert value(b, "site", "wait_p90", "5m") is None


def test_today_begins_anew_at_local_midnight_and_yesterday_stays() -> None:
    """By the clock, not by the next event."""
    b = board(at("23:59:59"))
    b.apply("calls-0", change((at("23:59:50"), "site", cell(offered=3))))

    assert value(b, "site", "offered", "today") == 3
    b.step(at("2026-11-25T00:00:00"))
    assert value(b, "site", "offered", "today") == 0
    assert value(b, "site", "offered", "day:2026-11-24") == 3


def test_a_cell_that_comes_ahead_of_now_enters_when_its_time_comes() -> None:
    """Clocks differ: events may be minutes ahead of the reader."""
    b = board(at("10:00:00"))
    b.apply("calls-0", change((at("10:02:00"), "site", cell(offered=1))))

    assert value(b, "site", "offered", "5m") == 0
    b.step(at("10:02:00"))
    assert value(b, "site", "offered", "5m") == 1


def test_a_correction_replaces_what_was_there() -> None:
    """Cells are absolute: the same commit twice changes nothing, the next one corrects."""
    b = board(at("10:00:30"))
    first = change((at("10:00:00"), "site", cell([5_000, 60_000], answered=2)))
    b.apply("calls-0", first)
    assert value(b, "site", "answered", "5m") == 2
    b.apply("calls-0", first)
    assert value(b, "site", "answered", "5m") == 2

    b.apply("calls-0", change((at("10:00:00"), "site", cell([5_000], answered=1))))

    assert value(b, "site", "answered", "5m") == 1
    assert value(b, "site", "wait_p90", "5m") == pytest.approx(5, rel=0.01)


def test_a_ledger_may_go_on_with_its_histograms() -> None:
    """A report's board takes the ledger's own cells; later bookings must not change them."""
    b = board(at("10:00:30"))
    hist = {100: 1}
    commit = change((at("10:00:00"), "site", Cell(cell(answered=1).sums, hist)))
    b.apply("calls-0", commit)
    assert value(b, "site", "wait_p90", "5m") is not None
    hist[100] = 0
    hist[900] = 5

    b.step(at("10:05:05"))

    assert value(b, "site", "wait_p90", "5m") is None


def test_a_segment_of_which_nobody_spoke_has_no_data() -> None:
    """A slip of the pen in a segment's name is no queue without calls."""
    b = board(at("10:00:00"))
    assert value(b, "site", "offered", "5m") is None
    b.apply("calls-0", change((at("09:59:59"), "site", cell(offered=1))))

    assert value(b, "queue:typo", "offered", "5m") is None
    assert value(b, "queue:typo", "waiting", "live") is None
    assert b.read("queue:typo", "service_level", "5m").n == 0
    assert value(b, "site", "waiting", "live") == 0


def test_a_window_that_has_not_begun_has_no_data() -> None:
    """Nobody knows tomorrow."""
    b = board(at("10:00:00"))
    b.apply("calls-0", change((at("09:59:59"), "site", cell(offered=1))))

    assert value(b, "site", "offered", "day:2026-11-25") is None


# -- what is true now


def test_who_waits_is_counted_at_now() -> None:
    """`since` travels with the longest wait, so that a wall can tick by itself."""
    start = at("10:00:00") // 1000
    waiting = {LiveKey(WAITING, start, start + 600, start + 20): 1}
    serving = {LiveKey(IN_PROGRESS, start, start + 600, 0): 2}
    b = board(at("10:00:30"))
    b.apply("calls-0", change(live={"site": waiting}))
    b.apply("calls-1", change(live={"site": serving}))

    longest = b.read("site", "wait_longest", "live")
    assert (longest.value, longest.n, longest.since_ms) == (30.0, 1, at("10:00:00"))
    assert value(b, "site", "in_progress", "live") == 2
    b.step(at("10:00:31") + 500)
    assert value(b, "site", "wait_longest", "live") == 31.5
    b.step(at("10:10:00"))
    assert value(b, "site", "waiting", "live") == 0
    assert value(b, "site", "orphaned", "live") == 3
    assert b.read("site", "wait_longest", "live").since_ms is None
    b.step(at("10:00:10"))
    assert value(b, "site", "waiting", "live") == 1
    b.apply("calls-0", change(live={"site": {}}))
    assert value(b, "site", "waiting", "live") == 0


def test_what_is_true_now_is_never_provisional_and_has_the_window_live() -> None:
    """Whichever window is asked with it."""
    b = board(at("10:00:00"))

    reading = b.read("site", "waiting", "30m")

    assert (reading.window, reading.provisional, reading.formula) == ("live", False, "live")


def test_sl_now_falls_before_anybody_hangs_up() -> None:
    """Only in windows that end now; elsewhere it is SL-B, and says so."""
    policy = ReadingPolicy(queues={"a": Formula(service_level="SL-now")})
    start = at("10:00:00") // 1000
    b = board(at("10:00:20"), policy)
    b.apply(
        "calls-0",
        change(
            (at("10:00:00"), "queue:a", cell(answered=3, answered_within=3)),
            (at("2026-11-23T12:00:00"), "queue:a", cell(answered=1, answered_within=1)),
            live={"queue:a": {LiveKey(WAITING, start, start + 600, start + 20): 1}},
        ),
    )

    assert value(b, "queue:a", "service_level", "5m") == 1.0
    b.step(at("10:00:21"))
    reading = b.read("queue:a", "service_level", "5m")
    assert (reading.value, reading.whole, reading.formula) == (0.75, 4, "SL-now")
    assert value(b, "queue:a", "service_level", "day:2026-11-24") == 0.75
    yesterday = b.read("queue:a", "service_level", "day:2026-11-23")
    assert (yesterday.value, yesterday.formula) == (1.0, "SL-B")


# -- settings


def test_a_queue_has_its_own_formula_and_target_and_the_site_the_default() -> None:
    """The variant is named on every reading."""
    own = Target(low=0.9, minimum_n=0)
    policy = ReadingPolicy(
        queues={"a": Formula(service_level="SL-E")}, queue_targets={"a": {"service_level": own}}
    )
    b = board(at("10:00:00"), policy)

    assert b.read("queue:a", "service_level", "5m").formula == "SL-E"
    assert b.read("queue:a", "service_level", "5m").target == own
    assert b.read("site", "service_level", "5m").formula == "SL-B"
    assert b.read("site", "service_level", "5m").target == Target(low=0.8, warning_low=0.64)


def test_the_default_longest_wait_is_meant_for_calls_only() -> None:
    """A ticket may well wait for more than two minutes; settings may say otherwise."""
    b = board(at("10:00:00"))
    b.apply("calls-0", change((at("10:00:00"), "channel:voice", cell(offered=1))))
    b.apply("calls-0", change((at("10:00:00"), "queue:a", cell(offered=1))))
    assert b.read("queue:a", "wait_longest", "live").target is not None
    assert b.read("site", "wait_longest", "live").target is not None
    b.apply("calls-0", change((at("10:00:00"), "channel:callback", cell(offered=1))))
    assert b.read("queue:a", "wait_longest", "live").target is not None  # they wait there, too
    b.apply("chats-0", change((at("10:00:00"), "channel:chat", cell(offered=1))))
    b.apply("chats-0", change((at("10:00:00"), "queue:b", cell(offered=1))))

    assert b.read("queue:a", "wait_longest", "live").target is not None
    assert b.read("queue:b", "wait_longest", "live").target is None
    assert b.read("site", "wait_longest", "live").target is None
    policy = ReadingPolicy(targets={"wait_longest": Target(high=9.0)})
    assert board(0, policy).read("channel:chat", "wait_longest", "live").target == Target(high=9.0)


# -- freshness


def test_a_segment_is_as_fresh_as_the_stalest_source_of_its_topics() -> None:
    """A quiet chat topic does not make a voice queue stale; the site it does."""
    b = board(at("10:00:00"))
    b.apply("calls-0", change((at("10:00:00"), "queue:a", cell(offered=1))))
    b.mark("calls-0", 5_000, rebuilding=False)
    b.mark("calls-1", 4_000, rebuilding=False)
    reading = b.read("queue:a", "offered", "5m")
    assert (reading.as_of_ms, reading.rebuilding) == (4_000, False)
    assert b.read("site", "offered", "5m").as_of_ms is None
    assert b.read("site", "offered", "5m").rebuilding
    assert b.read("queue:typo", "offered", "5m").rebuilding

    b.mark("chats-0", 1_000, rebuilding=False)
    assert b.read("site", "waiting", "live").as_of_ms == 1_000
    b.apply("chats-0", change((at("10:00:00"), "queue:a", cell(offered=1))))
    assert b.read("queue:a", "offered", "5m").as_of_ms == 1_000
    b.mark("calls-1", 4_000, rebuilding=True)
    assert b.read("queue:a", "offered", "5m").rebuilding


def test_a_source_without_state_is_rebuilding_and_its_numbers_are_gone() -> None:
    """Redis was emptied: 0 would be a lie; what other sources know stays, marked."""
    b = board(at("10:00:30"))
    start = at("10:00:00") // 1000
    live = {"site": {LiveKey(WAITING, start, start + 600, start + 20): 1}}
    b.apply("calls-0", change((at("10:00:00"), "site", cell(offered=3)), live=live))
    b.apply("calls-1", change((at("10:00:00"), "site", cell(offered=4))))
    for source in SOURCES:
        b.mark(source, 1_000, rebuilding=False)
    assert value(b, "site", "offered", "5m") == 7

    b.drop("calls-0")

    reading = b.read("site", "offered", "5m")
    assert (reading.value, reading.rebuilding, reading.as_of_ms) == (4, True, None)
    assert value(b, "site", "waiting", "live") == 0
    b.drop("calls-1")
    assert value(b, "site", "offered", "5m") is None
    assert value(b, "site", "waiting", "live") is None


def test_a_load_replaces_everything() -> None:
    """What the snapshot does not have is gone."""
    b = board(at("10:00:30"))
    live = {"site": {LiveKey(WAITING, 0, 1 << 40, 0): 1}}
    b.apply(
        "calls-0",
        change(
            (at("10:00:00"), "site", cell(offered=3)), (at("09:58:00"), "site", cell(offered=5)),
            live=live,
        ),
    )  # fmt: skip
    assert value(b, "site", "offered", "5m") == 8

    b.load("calls-0", change((at("10:00:10"), "site", cell(offered=1))))

    assert value(b, "site", "offered", "5m") == 1
    assert value(b, "site", "waiting", "live") == 0


# -- provisional and revised


def test_a_window_is_provisional_until_the_horizon_has_passed_its_end() -> None:
    """24 h after its end a day is final."""
    b = board(at("2026-11-25T23:59:59"))
    b.apply("calls-0", change((at("10:00:00"), "site", cell(offered=1))))

    assert b.read("site", "offered", "today").provisional
    assert b.read("site", "offered", "5m").provisional
    assert b.read("site", "offered", "day:2026-11-24").provisional
    b.step(at("2026-11-26T00:00:00"))
    stored = b.read_stored("site", "offered", "day:2026-11-24", b.now_ms, [cell(offered=1)])
    assert not stored.provisional


def marks(window: int, *measures: str, segment: str = "site") -> dict[Block, Bits]:
    """Returns marks of the quarter hour of an instant, and of its 10 s."""
    quarter, fine = window // QUARTER_MS, window // FINE_MS
    return {
        (QUARTER, quarter // 96, segment): dict.fromkeys(measures, 1 << quarter % 96),
        (FINE, fine // 90, segment): dict.fromkeys(measures, 1 << fine % 90),
    }


#       09:44:00                10:00:00      10:14:00 now
#   30m    ├───────────────────────┼─────────────┤
#   marked           09:50
WITH_IT = ("30m", "2h", "today", "day:2026-11-24", "7d")
WITHOUT = ("5m", "interval", "day:2026-11-23")


def test_every_window_that_holds_a_mark_is_revised() -> None:
    """Those that still run, too; by the KPIs that are made of what was changed, and by no other."""
    b = board(at("10:14:00"), retention=EVERYTHING)
    change_of = change((at("09:50:00"), "site", cell(answered=1, wait_ms=1000)))
    change_of.revised = marks(at("09:50:00"), "answered", "wait_ms")
    b.apply("calls-0", change_of)

    for kpi in ("answered", "service_level", "answer_rate", "wait_mean", "wait_p90"):
        assert [w for w in WITH_IT + WITHOUT if b.read("site", kpi, w).revised] == [*WITH_IT]
    for kpi in ("offered", "handled", "adherence"):
        assert not any(b.read("site", kpi, w).revised for w in WITH_IT)
    assert not b.read("queue:a", "answered", "today").revised
    assert not b.read("site", "waiting", "live").revised
    stored = b.read_stored("site", "answered", "today", at("10:10:00"), [cell(answered=1)])
    assert stored.revised
    assert not b.read_stored("site", "answered", "today", at("2026-11-23T10:00"), []).revised
    b.step(at("10:20:10"))
    assert not b.read("site", "answered", "30m").revised


def test_sums_that_change_without_a_mark_are_not_revised() -> None:
    """Whether something came late says the source, which saw it; sums do not."""
    b = board(at("10:10:00"))
    b.load("calls-0", change((at("09:00:00"), "site", cell(offered=1)), top=at("10:10:00")))
    b.apply("calls-0", change((at("09:00:00"), "site", cell(offered=2)), top=at("10:10:00")))
    b.load("calls-0", change((at("09:00:00"), "site", cell(offered=3)), top=at("10:10:00")))

    assert not b.read("site", "offered", "2h").revised


def test_marks_are_those_of_all_sources_and_go_with_them() -> None:
    """Loaded again, they are what is stored; a source that is dropped has none."""
    b = board(at("10:10:00"))
    for source in ("calls-0", "calls-1"):
        told = change((at("09:00:00"), "site", cell(offered=1)), top=at("10:10:00"))
        told.revised = marks(at("09:00:00"), "offered")
        b.load(source, told)
    b.drop("calls-0")
    assert b.read("site", "offered", "2h").revised

    b.load("calls-1", change((at("09:00:00"), "site", cell(offered=1)), top=at("10:10:00")))

    assert not b.read("site", "offered", "2h").revised


# -- what is not held


def test_agents_have_no_minutes() -> None:
    """Combinations with an agent are kept by the quarter hour; the answer says what to ask."""
    b = board(at("10:00:00"))

    for segment in ("agent:x", "queue:a+agent:x"):
        with pytest.raises(BadName, match=r"no window 5m: .* ask for interval"):
            b.read(segment, "offered", "5m")
        assert b.read(segment, "offered", "interval").value is None


def test_names_that_do_not_exist_are_refused() -> None:
    """And a KPI that has a window is not true "now"."""
    b = board(at("10:00:00"))

    with pytest.raises(BadName, match="not in the catalogue"):
        b.read("site", "tmt", "5m")
    with pytest.raises(BadName, match="windows are"):
        b.read("site", "offered", "5 minutes")
    with pytest.raises(BadName, match="has no buckets"):
        b.read("site", "offered", "live")


@pytest.mark.parametrize(
    ("window", "offered"),
    [("24h", 25), ("2d", 11 + 24), ("day:2026-11-23", 24), ("3d", None), ("day:2026-11-22", None)],
)
def test_a_board_holds_25_hours_and_two_days(window: str, offered: int | None) -> None:
    """Older buckets are the store's. One contact an hour, on the hour."""
    b = board(at("10:00:00"))
    hours = (at("10:00:00") - h * HOUR_MS for h in range(72))
    b.load("calls-0", change(*((hour, "site", cell(offered=1)) for hour in hours)))

    cells = b._merged._sources["calls-0"].cells
    assert (len(cells[QUARTER]), len(cells[DAY])) == (26, 2)
    if offered is None:
        with pytest.raises(NotHeld, match="reaches back before what is held"):
            b.read("site", "offered", window)
    else:
        assert value(b, "site", "offered", window) == offered


def test_a_day_that_leaves_is_not_held_any_more() -> None:
    """Also when somebody was reading it."""
    b = board(at("10:00:00"))
    b.load("calls-0", change((at("2026-11-23T10:00:00"), "site", cell(offered=1))))
    assert value(b, "site", "offered", "day:2026-11-23") == 1

    b.step(at("2026-11-25T00:00:00"))

    with pytest.raises(NotHeld):
        b.read("site", "offered", "day:2026-11-23")
    b.step(at("10:00:00"))
    with pytest.raises(NotHeld):
        b.read("site", "offered", "day:2026-11-23")


# greatest source time 12:00 ─ retention 90 min = 10:30
#   75m at 11:45:00   [10:30:10 …]  served          at 11:44:50   [10:30:00 …]  served
#   75m at 11:44:40   [10:29:50 …]  not held: the source may have dropped its cells
def test_only_buckets_within_the_retention_of_the_foremost_source_are_served() -> None:
    """A partition that is behind may still have older cells, the others have not."""
    b = board(at("11:44:50"))
    b.apply("calls-0", change((at("12:00:00"), "site", cell(offered=1))))
    b.apply("calls-1", change((at("10:30:05"), "site", cell(offered=1))))

    assert value(b, "site", "offered", "75m") == 1
    b.step(at("11:44:49"))
    with pytest.raises(NotHeld):
        b.read("site", "offered", "75m")


def test_a_report_holds_everything() -> None:
    """Without retention every window of the log can be read."""
    b = board(at("10:00:00"), retention=EVERYTHING)
    b.apply("calls-0", change((at("2025-01-06T10:00:00"), "site", cell(offered=1))))
    b.apply("calls-0", change((at("10:00:00"), "site", cell(offered=1))))

    assert value(b, "site", "offered", "day:2025-01-06") == 1
    assert value(b, "site", "offered", "800d") == 2


def test_stored_cells_are_read_as_the_board_s_own() -> None:
    """The caller brings the buckets that the board does not hold."""
    policy = ReadingPolicy(default=Formula(service_level="SL-now"))
    b = board(at("10:00:00"), policy)
    days = [cell(answered=3, answered_within=2), cell(answered=1, answered_within=1)]

    reading = b.read_stored("site", "service_level", "7d", at("2026-11-20T10:00:00"), days)

    assert (reading.value, reading.n, reading.formula) == (0.75, 4, "SL-B")
    assert (reading.window, reading.provisional, reading.revised) == ("7d", False, False)
    assert b.read_stored("site", "offered", "7d", b.now_ms, []).provisional
    with pytest.raises(BadName, match="no other time"):
        b.read_stored("site", "waiting", "7d", b.now_ms, [])


def test_segments_of_a_pattern_are_all_that_were_seen() -> None:
    """By code point."""
    b = board(at("10:00:00"))
    b.apply("calls-0", change((at("10:00:00"), "queue:b", cell(offered=1)),
                              (at("10:00:00"), "queue:a", cell(offered=1))))  # fmt: skip

    assert b.segments("queue:*") == ["queue:a", "queue:b"]
    assert b.segments("site") == ["site"]


def test_sums_that_nobody_reads_are_let_go_and_come_back_right() -> None:
    """A window costs only while somebody looks at it."""
    b = board(at("10:00:00"))
    b.apply("calls-0", change((at("10:00:00"), "site", cell(offered=1))))
    assert value(b, "site", "offered", "75m") == value(b, "site", "offered", "60m") == 1
    running = b._windows
    for minute in range(1, 12):
        b.step(at("10:00:00") + minute * MINUTE)
        assert value(b, "site", "offered", "60m") == 1

    assert "75m" not in running._places
    assert "60m" in running._places
    b.apply("calls-0", change((at("10:00:00"), "site", cell(offered=5))))
    assert value(b, "site", "offered", "75m") == 5


def test_a_long_jump_of_now_starts_sums_anew() -> None:
    """A window that shares no bucket with where it was is added up when it is next read."""
    b = board(at("10:00:00"))
    b.apply("calls-0", change((at("10:00:00"), "site", cell(offered=1)),
                              (at("10:30:00"), "site", cell(offered=2))))  # fmt: skip
    assert value(b, "site", "offered", "5m") == 1

    b.step(at("10:30:00") + FINE_MS)

    assert value(b, "site", "offered", "5m") == 2
