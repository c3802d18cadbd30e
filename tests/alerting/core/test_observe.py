"""Observations: what the state machine is told, and what it is not."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.core.observe import FEED, Evaluator, is_steady, observe
from alerting.core.rules import Rule
from alerting.core.shapes import Key, Observation, Severity
from alerting.core.view import BoardView
from streams.core.calendars import Calendar, Hours
from streams.core.policy import Formula, ReadingPolicy, Target
from tests.alerting.core.feeds import START_MS, Plain, Tracking
from tests.alerting.core.views import NOW_MS, View, level, rule

Q = "queue:sav"
HIGH = {"warning": level("above", "8%", "6%"), "critical": level("above", "25%", "20%")}
ABANDONMENT = rule(metric="abandonment_rate", levels=HIGH)


def tick(evaluator: Evaluator, view: BoardView, *watched: Key) -> dict[Key, Observation]:
    """Return what is seen."""
    return {seen.key: seen.observation for seen in evaluator.tick(view, watched)}


def test_only_what_matters_is_told() -> None:
    """What is quiet is told to those who watch it; so is that a segment has gone."""
    view = View()
    view.set(Q, "abandonment_rate", "15m", part=15, whole=30)
    view.set("queue:calm", "abandonment_rate", "15m", part=1, whole=30)
    evaluator = Evaluator([ABANDONMENT], {})
    bad, calm, gone = (Key("rule", f"queue:{name}") for name in ("sav", "calm", "gone"))

    assert tick(evaluator, view).keys() == {bad}
    found = tick(evaluator, view, calm, gone)
    assert found.keys() == {bad, calm, gone}
    assert found[bad].raised == Severity.CRITICAL
    assert (found[calm].data, found[calm].kept) == ("ok", Severity.NONE)
    assert found[gone].data == "missing"


def test_rules_share_their_readings() -> None:
    """Two rules about one KPI read it once; nothing is remembered beyond the tick."""
    view = View()
    view.set(Q, "abandonment_rate", "15m", part=15, whole=30)
    other = rule(id="other", metric="abandonment_rate", levels=HIGH)
    evaluator = Evaluator([ABANDONMENT, other], {})

    assert len(tick(evaluator, view)) == 2
    assert view.reads == 1
    tick(evaluator, view)
    assert view.reads == 2


def test_a_rule_that_is_not_enabled_sees_nothing() -> None:
    """It stands in the file for later."""
    view = View()
    view.set(Q, "abandonment_rate", "15m", part=15, whole=30)

    assert tick(Evaluator([rule(metric="offered", enabled=False)], {}), view) == {}


def test_facts_say_what_a_message_needs() -> None:
    """Limits are those of the level raised, else kept, else the lowest."""
    view = View()
    view.set(Q, "abandonment_rate", "15m", part=15, whole=30)
    ((_, seen),) = observe(ABANDONMENT, view, {})
    facts = seen.facts

    assert (facts.kpi, facts.window, facts.unit) == ("abandonment_rate", "15m", "ratio")
    assert (facts.value, facts.n, facts.part, facts.whole) == (0.5, 30, 15, 30)
    assert (facts.threshold, facts.clear, facts.target, facts.formula) == (0.25, 0.2, 0.05, "all")
    for part, threshold in ((3, 0.08), (0, 0.08), (7, 0.08)):
        view.set(Q, "abandonment_rate", "15m", part=part, whole=30)
        ((_, seen),) = observe(ABANDONMENT, view, {})
        assert seen.facts.threshold == threshold
    assert msgspec.json.decode(msgspec.json.encode(seen), type=Observation) == seen


def test_facts_tell_the_side_of_the_target_that_matters() -> None:
    """The other one where there is only that; none where there is none."""
    limits = {"warning": level("below", "80%", "85%")}
    view = View()
    for target, told in ((Target(low=0.7, high=0.9), 0.7), (Target(high=0.9), 0.9)):
        view.set(Q, "service_level", "15m", part=1, whole=30, target=target)
        ((_, seen),) = observe(rule(metric="service_level", levels=limits), view, {})
        assert seen.facts.target == told
    waiting = rule(metric="waiting", levels={"warning": level("above", 5, 3)})
    view.set(Q, "waiting", "live", value=9)
    ((_, seen),) = observe(waiting, view, {})
    assert seen.facts.target is None


def test_facts_of_the_feed_have_no_reading() -> None:
    """Its age in seconds is the value."""
    view = View(age_ms=31_000)
    said = rule(stale={}, levels={"critical": level("above", "30s", "15s")})
    ((key, seen),) = observe(said, view, {})

    assert key == Key("rule", "site")
    assert (seen.facts.kpi, seen.facts.value, seen.facts.unit) == (FEED, 31.0, "seconds")
    assert seen.facts.threshold == 30.0


def test_outside_its_hours_a_rule_looks_only_at_what_is_watched() -> None:
    """The machine closes it; calendars go by Redis TIME."""
    week = (((540, 600),),) * 7  # 9:00 to 10:00 in UTC
    calendars = {"day": Calendar(Hours(zone="UTC", week=week))}
    view = View()  # at 9:45 UTC
    view.set(Q, "abandonment_rate", "15m", part=15, whole=30)
    said = rule(metric="abandonment_rate", levels=HIGH, calendar="day")
    evaluator, key, late = Evaluator([said], calendars), Key("rule", Q), NOW_MS + 3_600_000

    assert [seen.observation.open for seen in evaluator.tick(view)] == [True]
    assert list(evaluator.tick(view, clock_ms=late)) == []
    (seen,) = evaluator.tick(view, [key], clock_ms=late)
    assert (seen.key, seen.observation.open) == (key, False)
    ((_, observed),) = observe(said, view, calendars)
    assert observed.open


def test_missing_data_is_told_to_a_rule_that_fires_for_it() -> None:
    """All others need not hear of it."""
    view = View()
    view.set(Q, "waiting", "live", value=1)
    for no_data, told in (("keep", []), ("fire", [Key("rule", Q)])):
        said = rule(metric="abandonment_rate", levels=HIGH, no_data=no_data)
        assert list(tick(Evaluator([said], {}), view)) == told


@pytest.mark.parametrize(
    ("said", "steady"),
    [
        ({"metric": "abandonment_rate"}, True),
        ({"metric": "wait_p90"}, True),
        ({"slo": {"objective": "80%", "period": "12h"}, "burn": []}, True),
        ({"metric": "waiting"}, False),
        ({"metric": "adherence"}, False),
        ({"metric": "contacts_per_hour"}, False),
        ({"metric": "offered", "silence": {}}, False),
        ({"any": [{"metric": "offered", "above": 5}]}, False),
    ],
)
def test_what_counts_alone_can_change_is_known(said: dict[str, object], steady: bool) -> None:
    """Agents' time and what is true now go on by themselves."""
    if said.get("burn") == []:
        said = {
            **said,
            "burn": [{"budget": "10%", "long": "30m", "short": "5m", "severity": "warning"}],
        }

    assert is_steady(rule(**said)) == steady


BURN = {"budget": "10%", "long": "30m", "short": "30s", "severity": "warning"}
RULES: tuple[Rule, ...] = (
    rule(
        id="share",
        metric="abandonment_rate",
        levels=HIGH,
        guard={"min_samples": 2, "confidence": 0.6, "windows": ["20s", "1m", "15m"]},
    ),
    rule(
        id="level",
        metric="service_level",
        levels={"warning": level("below", "80%", "85%")},
        guard={"min_samples": 1, "windows": ["5m"]},
    ),
    rule(
        id="mean",
        metric="wait_mean",
        levels={"warning": level("above", "20s", "10s")},
        guard="none",
        window="interval",
    ),
    rule(id="wait", metric="wait_longest", levels={"warning": level("above", "40s", "20s")}),
    rule(
        id="late",
        metric="wait_p90",
        vs="target",
        levels={"warning": level("above", "10%", "0%")},
        window="10m",
    ),
    rule(
        id="burn", slo={"objective": "80%", "period": "12h"}, guard={"min_samples": 2}, burn=[BURN]
    ),
    rule(
        id="none",
        metric="offered",
        silence={},
        guard={"windows": ["5m", "10m"]},
        levels={"critical": {}},
    ),
)
CALLS = st.lists(
    st.tuples(
        st.sampled_from(["sav", "web"]),
        st.integers(0, 90) | st.integers(0, 1500),
        st.integers(1, 90),
        st.sampled_from(["answered", "abandoned", "waiting"]),
    ),
    max_size=40,
)
STEPS = st.lists(
    st.tuples(st.sampled_from([1, 1, 7, 7, 10, 60, 300, 1000]), st.sampled_from([0, 0, 0, 0, 40])),
    min_size=1,
    max_size=40,
)
POLICIES = {
    "SL-B": ReadingPolicy(targets={"wait_p90": Target(high=15.0)}),
    "SL-now": ReadingPolicy(Formula(service_level="SL-now")),
}


@given(calls=CALLS, steps=STEPS, policy=st.sampled_from(sorted(POLICIES)))
def test_what_is_kept_between_ticks_is_what_would_be_found_anew(
    calls: list[tuple[str, int, int, str]], steps: list[tuple[int, int]], policy: str
) -> None:
    """With and without news of what has changed, rules see the same."""
    plain, tracking = Plain(POLICIES[policy]), Tracking(POLICIES[policy])
    for n, (queue, at, wait, outcome) in enumerate(calls):
        begin, end = START_MS + at * 1000, START_MS + (at + wait) * 1000
        for feed in (plain, tracking):
            match outcome:
                case "answered":
                    feed.call(f"c{n}", queue, begin, answered_ms=end)
                case "abandoned":
                    feed.call(f"c{n}", queue, begin, abandoned_ms=end)
                case _:
                    feed.call(f"c{n}", queue, begin)
    kept, watched = Evaluator(RULES, {}), [Key(r.id, s) for r in RULES for s in (Q, "queue:web")]
    now = START_MS
    for seconds, age in steps:
        now += seconds * 1000
        plain.to(now, age_ms=age * 1000)
        tracking.to(now, age_ms=age * 1000)

        assert tick(kept, tracking, *watched) == tick(Evaluator(RULES, {}), plain, *watched)


def test_windows_of_quiet_segments_are_not_given_up() -> None:
    """A board drops sums that nobody reads for ten minutes; what then expires must be seen."""
    feed = Tracking()
    for n in range(20):
        feed.call(f"c{n}", "sav", START_MS + n, abandoned_ms=START_MS + 5_000)
    evaluator = Evaluator([rule(metric="abandonment_rate", levels=HIGH, window="20m")], {})
    key = Key("rule", Q)
    for seconds in range(10, 1300, 10):
        feed.to(START_MS + seconds * 1000)
        data = tick(evaluator, feed, key)[key].data

        assert data == ("ok" if seconds < 1200 else "few")
