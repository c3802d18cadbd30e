"""Error budgets, scaled to the time in which an operation is open."""

import pytest

from alerting.core.burning import Budget, burn_rate, greatest_burn, period_ms
from alerting.core.rules import Rule
from alerting.core.shapes import Severity
from alerting.core.verdicts import Verdict
from streams.core.calendars import Calendar, Hours
from tests.alerting.core.views import View, rule

Q = "queue:sav"
H = 3_600_000
NONE, WARNING, CRITICAL = Severity.NONE, Severity.WARNING, Severity.CRITICAL
FAST = {"budget": "10%", "long": "30m", "short": "5m", "severity": "critical"}
SLOW = {"budget": "25%", "long": "2h", "short": "15m", "severity": "warning"}


@pytest.mark.parametrize(
    ("objective", "period_h", "budget", "long_h", "burn", "level"),
    [
        (0.80, 12, 0.10, 0.5, 2.4, 0.52),
        (0.80, 12, 0.25, 2, 1.5, 0.70),
        (0.80, 12, 0.05, 0.5, 1.2, 0.76),
        (0.80, 60, 0.02, 1, 1.2, 0.76),
        (0.80, 28 * 12, 0.05, 6, 2.8, 0.44),
        (0.95, 12, 0.10, 0.5, 2.4, 0.88),
    ],
)
def test_a_burn_means_a_service_level(
    objective: float, period_h: float, budget: float, long_h: float, burn: float, level: float
) -> None:
    """The table of burns: it fires below this level."""
    found = burn_rate(budget, period_h * H, long_h * H)

    assert found == pytest.approx(burn)
    assert 1 - found * (1 - objective) == pytest.approx(level)
    assert found < greatest_burn(objective)


def test_the_figures_of_those_who_never_sleep_are_impossible() -> None:
    """With an objective of 80 % nothing burns 14.4 times too fast."""
    assert greatest_burn(0.8) == pytest.approx(5.0)
    assert burn_rate(0.02, 30 * 24 * H, H) == pytest.approx(14.4)


def test_an_operating_day_is_the_longest_of_the_week() -> None:
    """A duration is taken as it is."""
    week = (((480, 1320),), (), (), (), ((480, 720), (780, 1200)), ((540, 840),), ())
    calendar = Calendar(Hours(week=week))

    assert period_ms("operating_day", calendar) == 14 * H
    assert period_ms("12h", None) == 12 * H
    with pytest.raises(ValueError, match="needs a calendar"):
        period_ms("operating_day", None)


def look(said: Rule, view: View) -> Verdict:
    """Return a verdict."""
    return Budget(said, None)(view, Q)


def budget(*burns: dict[str, str], **more: object) -> Rule:
    """Return a rule of 80 % over twelve hours."""
    slo = {"objective": "80%", "period": "12h", **more}
    return rule(slo=slo, burn=list(burns), guard={"min_samples": 20})


def levels(kpi: str = "service_level", **parts: tuple[int, int]) -> View:
    """Return a board with a share by window, `w30m` and so on."""
    view = View()
    for window, (part, whole) in parts.items():
        view.set(Q, kpi, window[1:], part=part, whole=whole)
    return view


@pytest.mark.parametrize(
    ("long", "short", "raised", "kept"),
    [
        ((24, 60), (2, 10), CRITICAL, CRITICAL),
        ((24, 60), (6, 10), NONE, CRITICAL),  # burns 2.0 in the short window: not 2.4, nor 1.8
        ((24, 60), (9, 10), NONE, NONE),
        ((24, 60), (0, 0), NONE, CRITICAL),  # nobody in the short one: the long one decides
        ((31, 60), (2, 10), NONE, CRITICAL),  # 51.7 %: by chance
        ((48, 60), (2, 10), NONE, CRITICAL),
        ((48, 60), (9, 10), NONE, NONE),
    ],
)
def test_both_windows_must_burn(
    long: tuple[int, int], short: tuple[int, int], raised: Severity, kept: Severity
) -> None:
    """The long one says that it matters, the short one that it goes on."""
    verdict = look(budget(FAST), levels(w30m=long, w5m=short))

    assert (verdict.data, verdict.raised, verdict.kept) == ("ok", raised, kept)


def test_a_message_can_say_how_fast_it_burns() -> None:
    """Limits are told in units of the KPI."""
    verdict = look(budget(FAST), levels(w30m=(24, 60), w5m=(2, 10)))

    assert verdict.detail == {"burn": 3.0, "rate": 2.4, "short": "5m", "burn_short": 4.0}
    assert verdict.value == 0.4
    assert verdict.edges[0].limit == pytest.approx(0.52)
    assert verdict.edges[0].clear == pytest.approx(0.64)


def test_the_worst_burn_is_shown_and_each_keeps_its_level() -> None:
    """Few contacts in half an hour leave the two hours; few in both are few."""
    said = budget(SLOW, FAST)

    both = levels(w30m=(24, 60), w5m=(2, 10), w2h=(90, 240), w15m=(10, 30))
    assert look(said, both)[:3] == ("ok", CRITICAL, CRITICAL)
    slow = levels(w30m=(40, 60), w5m=(9, 10), w2h=(140, 240), w15m=(10, 30))
    assert look(said, slow)[:3] == ("ok", WARNING, WARNING)
    half = levels(w30m=(2, 10), w5m=(1, 3), w2h=(140, 240), w15m=(10, 30))
    assert look(said, half)[:3] == ("ok", WARNING, WARNING)
    few = levels(w30m=(2, 10), w5m=(1, 3), w2h=(2, 12), w15m=(1, 8))
    assert look(said, few).data == "few"


@pytest.mark.parametrize(("part", "raised"), [(6900, WARNING), (7200, NONE)])
def test_two_hours_are_two_hours(part: int, raised: Severity) -> None:
    """The window holds the running quarter hour on top; a budget goes by its name: below 70 %."""
    verdict = look(budget(SLOW), levels(w2h=(part, 10_000), w15m=(part // 10, 1000)))

    assert verdict.raised == raised
    assert verdict.detail["rate"] == 1.5
    assert verdict.edges[0].limit == pytest.approx(0.7)


def test_of_a_share_that_should_be_low_the_part_is_what_burns() -> None:
    """An objective of 80 % of an abandonment rate: one in five may give up."""
    view = levels("abandonment_rate", w30m=(36, 60), w5m=(8, 10))
    verdict = look(budget(FAST, kpi="abandonment_rate"), view)

    assert verdict.raised == CRITICAL
    assert verdict.edges[0].side == "above"
    assert verdict.edges[0].limit == pytest.approx(0.48)


def test_without_a_confidence_the_burn_is_all() -> None:
    """No guard: 51.7 % is below 52 %."""
    said = rule(slo={"objective": "80%", "period": "12h"}, burn=[FAST], guard="none")

    assert look(said, levels(w30m=(31, 60), w5m=(2, 10))).raised == CRITICAL
