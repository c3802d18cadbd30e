"""What each kind of rule makes of what it reads."""

from typing import Any

import pytest

from alerting.core.conditions import condition, segments_of
from alerting.core.rules import Rule
from alerting.core.shapes import Severity
from alerting.core.verdicts import Verdict
from alerting.core.view import BoardView, Earlier
from streams.core.policy import Target
from streams.core.tally import HANDLE, WAIT, histogram_index
from tests.alerting.core.views import Deep, View, level, rule

Q = "queue:sav"
NONE, WARNING, CRITICAL = Severity.NONE, Severity.WARNING, Severity.CRITICAL
ABANDONMENT = {"warning": level("above", "8%", "6%"), "critical": level("above", "25%", "20%")}


def look(said: Rule, view: BoardView, segment: str = Q) -> Verdict:
    """Return a verdict."""
    return condition(said, Earlier(), {})(view, segment)


def share(part: int, whole: int, window: str = "15m", kpi: str = "abandonment_rate") -> View:
    """Return a board with one share."""
    view = View()
    view.set(Q, kpi, window, part=part, whole=whole)
    return view


@pytest.mark.parametrize(
    ("part", "whole", "raised", "kept"),
    [
        (1, 25, NONE, NONE),
        (7, 100, NONE, WARNING),  # between raise and clear nothing changes
        (12, 100, NONE, WARNING),  # above the limit, by chance
        (9, 30, WARNING, CRITICAL),  # 30 %, and not surely beyond 25 %
        (15, 30, CRITICAL, CRITICAL),
        (22, 100, WARNING, CRITICAL),
    ],
)
def test_a_share_is_judged_by_each_level(
    part: int, whole: int, raised: Severity, kept: Severity
) -> None:
    """Raising needs a limit and the guard; staying needs only that the other limit is not met."""
    verdict = look(rule(metric="abandonment_rate", levels=ABANDONMENT), share(part, whole))

    assert (verdict.data, verdict.raised, verdict.kept) == ("ok", raised, kept)


def test_below_is_judged_by_the_bad_ones() -> None:
    """A service level of 3 of 10 is surely below 80 %; one of 7 of 10 is not."""
    said = rule(metric="service_level", levels={"warning": level("below", "80%", "85%")})

    assert look(said, share(3, 10, kpi="service_level")).raised == WARNING
    assert look(said, share(7, 10, kpi="service_level")).raised == NONE
    assert look(said, share(7, 10, kpi="service_level")).kept == WARNING
    assert look(said, share(9, 10, kpi="service_level")).kept == NONE


def test_the_shortest_window_with_enough_contacts_is_judged() -> None:
    """Where none has enough there is too little to judge."""
    said = rule(metric="abandonment_rate", levels=ABANDONMENT)
    view = share(1, 2)
    view.set(Q, "abandonment_rate", "30m", part=1, whole=9)
    view.set(Q, "abandonment_rate", "60m", part=9, whole=20)

    assert look(said, view).window == "60m"
    view.set(Q, "abandonment_rate", "60m", part=5, whole=9)
    assert look(said, view).data == "few"
    view.set(Q, "abandonment_rate", "15m", part=5, whole=12)
    assert look(said, view).window == "15m"


def test_without_a_guard_the_limit_is_all() -> None:
    """One of two is 50 %."""
    said = rule(metric="abandonment_rate", levels=ABANDONMENT, guard="none")

    assert look(said, share(1, 2)).raised == CRITICAL


def test_missing_stale_and_rebuilding_are_told_apart() -> None:
    """A reading that nobody ever had, one that is old, and one that is not whole."""
    said = rule(metric="abandonment_rate", levels=ABANDONMENT)

    assert look(said, View()).data == "missing"
    for view in (View(age_ms=30_001), View(rebuilding=True)):
        view.set(Q, "abandonment_rate", "15m", part=9, whole=10)
        assert look(said, view).data == "stale"
    view = View(age_ms=30_000)
    view.set(Q, "abandonment_rate", "15m", part=9, whole=10)
    assert look(said, view).data == "ok"


def test_that_nobody_waits_is_good_news() -> None:
    """A longest wait without value is missing only if nobody knows who waits."""
    said = rule(metric="wait_longest", levels={"warning": level("above", "2m", "1m")})
    view = View()
    view.set(Q, "wait_longest", "live", value=None)

    assert look(said, view).data == "missing"
    view.set(Q, "waiting", "live", value=0)
    assert look(said, view)[:3] == ("ok", NONE, NONE)
    view.set(Q, "wait_longest", "live", value=121.0)
    assert look(said, view)[:3] == ("ok", WARNING, WARNING)


def test_a_count_that_nobody_heard_of_is_missing() -> None:
    """No data is not 0."""
    said = rule(metric="offered", levels={"warning": level("above", 100, 80)})
    view = View()
    view.set(Q, "offered", "15m", value=None)

    assert look(said, view).data == "missing"
    view.set(Q, "offered", "15m", value=101)
    assert look(said, view).raised == WARNING


def test_limits_may_be_relative_to_the_target() -> None:
    """Twice the target above it; without a target there is nothing to judge by."""
    said = rule(
        metric="wait_longest", vs="target", levels={"warning": level("above", "200%", "50%")}
    )
    view = View()
    for wait, raised, kept in ((181.0, WARNING, WARNING), (91.0, NONE, WARNING), (89, NONE, NONE)):
        view.set(Q, "wait_longest", "live", value=wait, target=Target(high=60.0))
        verdict = look(said, view)
        assert (verdict.raised, verdict.kept) == (raised, kept)

    assert verdict.edges[0].limit == 180.0
    below = rule(
        metric="handle_time_mean", vs="target", levels={"warning": level("below", "-15%", "-8%")}
    )
    for mean, raised in ((254.0, WARNING), (256.0, NONE)):
        view.set(Q, "handle_time_mean", "15m", value=mean, n=50, target=Target(low=300.0))
        assert look(below, view).raised == raised
    view.set(Q, "handle_time_mean", "15m", value=10.0, n=50)
    assert look(below, view).data == "missing"


def hist(base: int, *seconds: float) -> dict[int, int]:
    """Return a histogram."""
    found: dict[int, int] = {}
    for s in seconds:
        key = base + histogram_index(round(s * 1000))
        found[key] = found.get(key, 0) + 1
    return found


@pytest.mark.parametrize(
    ("kpi", "base", "few"),
    [
        ("wait_p90", WAIT, [10.0] * 8 + [100.0] * 2),
        ("handle_time_mean", HANDLE, [5.0] * 9 + [900.0]),
    ],
)
def test_quantiles_and_means_are_guarded_by_histograms(
    kpi: str, base: int, few: list[float]
) -> None:
    """Where nobody has one the minimum of contacts decides."""
    said = rule(metric=kpi, levels={"warning": level("above", "60s", "30s")})
    plain, deep = View(), Deep()
    for view in (plain, deep):
        view.set(Q, kpi, "15m", value=94.5, n=10)
    deep.hists[Q, "15m"] = hist(base, *few)

    assert look(said, plain).raised == WARNING
    assert look(said, deep)[:3] == ("ok", NONE, WARNING)
    deep.hists[Q, "15m"] = hist(base, *[100.0] * 10)
    assert look(said, deep).raised == WARNING


RUSHED: dict[str, Any] = {
    "all_": [
        {"metric": "handle_time_mean", "vs": "target", "below": "-15%"},
        {"metric": "abandonment_rate", "above": "8%", "window": "60m"},
    ],
    "clear": {
        "any": [
            {"metric": "handle_time_mean", "above": "280s"},
            {"metric": "abandonment_rate", "below": "4%"},
        ]
    },
    "levels": {"warning": {}},
}


def rushed(handle: float, part: int) -> Deep:
    """Return a board for a rule over two KPIs."""
    view = Deep()
    view.set(Q, "handle_time_mean", "15m", value=handle, n=40, target=Target(low=300.0))
    view.hists[Q, "15m"] = hist(HANDLE, *[handle] * 40)
    for window in ("15m", "60m"):
        view.set(Q, "abandonment_rate", window, part=part, whole=60)
    return view


def test_all_of_several_must_hold() -> None:
    """Fast alone is no trouble; between raise and clear an alert stays."""
    said = rule(**RUSHED)

    assert look(said, rushed(200.0, 20))[:3] == ("ok", WARNING, WARNING)
    assert look(said, rushed(200.0, 4))[:3] == ("ok", NONE, WARNING)
    assert look(said, rushed(270.0, 20))[:3] == ("ok", NONE, WARNING)
    assert look(said, rushed(290.0, 4))[:3] == ("ok", NONE, NONE)


def test_several_lack_data_when_one_does() -> None:
    """The worst of them is told; a target that nobody set is missing."""
    said = rule(**RUSHED)
    view = rushed(200.0, 20)
    view.set(Q, "abandonment_rate", "60m", part=1, whole=3)
    assert look(said, view).data == "few"
    view.set(Q, "handle_time_mean", "15m", value=200.0, n=40)
    assert look(said, view).data == "missing"


def test_any_of_several_is_enough() -> None:
    """Whatever the others lack."""
    said = rule(
        any_=[{"metric": "waiting", "above": 10}, {"metric": "abandonment_rate", "above": "8%"}],
        clear={"all": [{"metric": "waiting", "below": 5}]},
        levels={"critical": {}},
    )
    view = View()
    view.set(Q, "waiting", "live", value=11)
    assert look(said, view)[:3] == ("ok", CRITICAL, CRITICAL)
    view.set(Q, "waiting", "live", value=4)
    assert look(said, view).data == "missing"
    view.set(Q, "abandonment_rate", "15m", part=0, whole=40)
    assert look(said, view)[:3] == ("ok", NONE, NONE)


def test_the_feed_is_judged_by_its_age() -> None:
    """Of one topic or of all; never read is missing."""
    limits = {"critical": level("above", "30s", "15s")}
    everything, calls = rule(stale={}, levels=limits), rule(stale={"topic": "calls"}, levels=limits)
    view = View()
    view.feed_ms = {None: 31_000, "calls": 20_000}

    assert look(everything, view, "site").raised == CRITICAL
    assert look(calls, view, "site")[:3] == ("ok", NONE, CRITICAL)
    assert look(calls, view, "site").detail == {"topic": "calls"}
    view.feed_ms = {None: None}
    assert look(everything, view, "site").data == "missing"


def test_a_rule_is_about_each_of_its_segments_once() -> None:
    """The feed is the site's."""
    view = View()
    for segment in (Q, "queue:b", "channel:voice"):
        view.set(segment, "waiting", "live", value=1)

    assert segments_of(rule(metric="waiting"))(view) == ["queue:b", Q]
    assert segments_of(rule(metric="waiting", select=[Q, "queue:*", "site"]))(view) == [
        Q,
        "queue:b",
        "site",
    ]
    assert segments_of(rule(stale={}))(view) == ["site"]
