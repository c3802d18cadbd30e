"""Rules about what is to be expected."""

import pytest

from alerting.core.expected import Change, Projection, Silence
from alerting.core.rules import Rule
from alerting.core.shapes import Severity
from alerting.core.verdicts import Verdict
from alerting.core.view import Earlier
from streams.core.buckets import Zone
from streams.core.calendars import Calendar, Hours
from tests.alerting.core.views import NOW_MS, Deep, View, level, rule

Q = "queue:sav"
NONE, WARNING, CRITICAL = Severity.NONE, Severity.WARNING, Severity.CRITICAL
SPIKE = rule(metric="offered", change={}, levels={"warning": level("above", "50%", "25%")})
DROP = rule(metric="offered", change={}, levels={"warning": level("below", "-50%", "-25%")})


def arrivals(weeks: list[float | None], **counts: int | None) -> View:
    """Return a board with counts by window, `w15m` and so on, and what weeks before were like."""
    view = View()
    view.earlier[Q, "offered"] = weeks
    for window, count in counts.items():
        view.set(Q, "offered", window[1:], value=count)
    return view


@pytest.mark.parametrize(
    ("count", "raised", "kept"),
    [(40, NONE, NONE), (51, NONE, WARNING), (60, NONE, WARNING), (61, WARNING, WARNING)],
)
def test_a_spike_is_a_change_against_the_median_of_earlier_weeks(
    count: int, raised: Severity, kept: Severity
) -> None:
    """Forty are expected; half as many again is the limit."""
    verdict = Change(SPIKE, Earlier())(arrivals([40, 10, 40, 90], w15m=count), Q)

    assert (verdict.data, verdict.raised, verdict.kept) == ("ok", raised, kept)
    assert verdict.detail == {"expected": 40.0, "change": round(count / 40 - 1, 3)}
    assert verdict.edges[0].limit == pytest.approx(60.0)


def test_a_drop_is_one_too() -> None:
    """A count below its limit."""
    look = Change(DROP, Earlier())

    assert look(arrivals([40] * 4, w15m=15), Q).raised == WARNING
    assert look(arrivals([40] * 4, w15m=25), Q).raised == NONE


def test_a_change_that_chance_explains_is_none() -> None:
    """Five where three are expected; without a confidence the limit is all."""
    change, levels = {"min_baseline": 2}, {"warning": level("above", "50%", "25%")}
    guarded = rule(metric="offered", change=change, levels=levels)
    bold = rule(metric="offered", change=change, levels=levels, guard="none")
    view = arrivals([3] * 4, w15m=5)

    assert Change(guarded, Earlier())(view, Q)[:3] == ("ok", NONE, WARNING)
    assert Change(bold, Earlier())(view, Q).raised == WARNING


def test_the_shortest_window_in_which_enough_is_expected_is_compared() -> None:
    """Eight in a quarter of an hour are sixteen in half an hour and 32 in an hour."""

    def look(view: View, segment: str) -> Verdict:
        return Change(SPIKE, Earlier())(view, segment)

    verdict = look(arrivals([8] * 4, w15m=30, w30m=30, w60m=60), Q)
    assert (verdict.window, verdict.raised) == ("60m", WARNING)
    assert look(arrivals([1] * 4, w15m=30, w30m=30, w60m=60), Q).data == "few"
    assert look(arrivals([8, None], w15m=30, w30m=30, w60m=60), Q).data == "few"
    assert look(arrivals([8] * 4, w15m=None), Q).data == "missing"


SILENT = rule(
    metric="offered",
    silence={"alpha": 0.001},
    guard={"windows": ["10m", "30m"]},
    levels={"critical": {}},
)


@pytest.mark.parametrize(
    ("usual", "ten", "thirty", "data", "raised"),
    [
        (12.0, 0, 0, "ok", CRITICAL),  # eight expected in ten minutes
        (12.0, 1, 1, "ok", NONE),
        (6.0, 0, 0, "ok", CRITICAL),  # four, and twelve in thirty
        (6.0, 0, 2, "ok", NONE),
        (3.0, 0, 0, "few", NONE),  # six in thirty: P(0) = 0.0025
    ],
)
def test_silence_is_zero_where_zero_is_improbable(
    usual: float, ten: int, thirty: int, data: str, raised: Severity
) -> None:
    """The shortest window that is long enough decides; one arrival ends it."""
    verdict = Silence(SILENT, Earlier())(arrivals([usual] * 4, w10m=ten, w30m=thirty), Q)

    assert (verdict.data, verdict.raised, verdict.kept) == (data, raised, raised)


CHRISTMAS_MS = 1_798_189_200_000
"""2026-12-25, 10:00 in Paris."""
H = 3_600_000


def calendar(whose: str, holiday: tuple[tuple[int, int], ...] = ()) -> Calendar:
    """Returns one that is open at all hours but on holidays."""
    return Calendar(Hours(holidays=whose, holiday=holiday))


@pytest.mark.parametrize(
    ("after_h", "said", "hours", "raised"),
    [
        (-11, {}, None, CRITICAL),  # the evening before
        (0, {}, None, NONE),
        (14, {}, None, NONE),  # midnight: the hour before is looked at
        (16, {}, None, CRITICAL),
        (16, {"holidays": "FR-alsace-moselle"}, None, NONE),
        (0, {"holidays": "none"}, None, CRITICAL),
        (0, {}, calendar("none"), CRITICAL),
        (0, {}, calendar("FR"), NONE),
        (16, {}, calendar("FR-alsace-moselle"), NONE),
        (0, {}, calendar("FR", ((480, 1200),)), CRITICAL),
        (0, {"holidays": "FR"}, calendar("FR", ((480, 1200),)), NONE),
    ],
)
def test_on_a_holiday_nobody_knows_who_should_come(
    after_h: int, said: dict[str, object], hours: Calendar | None, raised: Severity
) -> None:
    """Unless the rule or its calendar says that it is a day as others."""
    mine = rule(metric="offered", silence=said, window="30m", levels={"critical": {}})
    view = View(CHRISTMAS_MS + after_h * H)
    view.earlier[Q, "offered"] = [40] * 4
    view.set(Q, "offered", "30m", value=0)

    assert Silence(mine, Earlier(), hours)(view, Q).raised == raised
    view.zone = Zone("Asia/Jerusalem")
    if not said and hours is None:
        assert Silence(mine, Earlier(), hours)(view, Q).raised == CRITICAL


def test_silence_needs_data_and_weeks() -> None:
    """A queue of which nobody heard is no silent one."""
    missing = Silence(SILENT, Earlier())(arrivals([12] * 4, w10m=None), Q)
    new = Silence(SILENT, Earlier())(arrivals([12], w10m=0, w30m=0), Q)

    assert (missing.data, new.data) == ("missing", "few")


WILL_MISS = rule(
    metric="service_level", projection={}, levels={"warning": level("below", "80%", "82%")}
)


def interval(part: int, whole: int, *, waiting: int, offered: int, beyond: int = 0) -> Deep:
    """Return a board five minutes before the end of a quarter hour."""
    view = Deep(NOW_MS // 900_000 * 900_000 + 600_000)
    view.set(Q, "service_level", "interval", part=part, whole=whole)
    view.set(Q, "waiting", "live", value=waiting)
    view.set(Q, "offered", "30m", value=offered)
    view.late[Q] = beyond
    return view


def project(view: View, said: Rule = WILL_MISS) -> Verdict:
    """Return a verdict."""
    return Projection(said)(view, Q)


def test_an_interval_is_lost_when_its_best_case_is() -> None:
    """Ten more will come: of 40, 24 + 10 can be in time; with four late ones 34 of 44."""
    good = project(interval(24, 30, waiting=0, offered=60))
    bad = project(interval(24, 30, waiting=4, offered=60, beyond=4))

    assert good.detail["best"] == pytest.approx(34 / 40)
    assert (good.raised, good.kept) == (NONE, NONE)
    assert bad.detail == {"best": 0.773, "waiting": 4, "beyond": 4, "expected": 10.0, "left_s": 300}
    assert (bad.raised, bad.value) == (WARNING, 0.8)


def test_who_waits_in_time_may_still_be_answered_in_time() -> None:
    """A board that does not know who is late hopes for all."""
    view = View(NOW_MS // 900_000 * 900_000 + 600_000)
    for kpi, window, value in (("waiting", "live", 4), ("offered", "30m", 60)):
        view.set(Q, kpi, window, value=value)
    view.set(Q, "service_level", "interval", part=24, whole=30)

    assert project(view).detail["best"] == pytest.approx(round(38 / 44, 3))


def test_a_formula_that_counts_the_late_ones_does_not_count_them_twice() -> None:
    """SL-now has them in its whole already."""
    view = interval(24, 30, waiting=4, offered=60, beyond=4)
    view.set(Q, "service_level", "interval", part=24, whole=34, formula="SL-now")

    assert project(view).detail["best"] == 0.773


def test_at_the_beginning_of_an_interval_there_is_too_little() -> None:
    """And where nothing is known, nothing is said."""
    assert project(interval(2, 5, waiting=0, offered=60)).data == "few"
    assert project(Deep()).data == "missing"
