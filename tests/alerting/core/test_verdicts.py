"""Edges: nested limits, and limits relative to targets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.core.shapes import Severity
from alerting.core.verdicts import Edge, absolute, edges_of, entry_of, judge
from streams.core.policy import Target
from tests.alerting.core.views import level, rule

LEVELS = {"warning": level("above", 10, 6), "critical": level("above", 20, 15)}
EDGES = edges_of(rule(metric="waiting", levels=LEVELS).levels.of, None)


def test_edges_stand_worst_first() -> None:
    """So the first that holds is the worst."""
    assert (
        Edge(Severity.CRITICAL, "above", 20.0, 15.0),
        Edge(Severity.WARNING, "above", 10.0, 6.0),
    ) == EDGES


@given(a=st.floats(0, 30), b=st.floats(0, 30), sure=st.booleans())
def test_hysteresis_is_monotone(a: float, b: float, sure: bool) -> None:
    """A worse value is never judged better, and what is raised is kept."""
    better, worse = (judge(v, EDGES, lambda _: sure) for v in sorted((a, b)))

    assert better[0] <= worse[0]
    assert better[1] <= worse[1]
    assert better[0] <= better[1]


def test_a_limit_itself_does_not_raise_and_what_clears_must_be_passed() -> None:
    """Above is above; between the limits nothing is raised and all is kept."""
    assert judge(20.0, EDGES, lambda _: True) == (Severity.WARNING, Severity.CRITICAL)
    assert judge(6.0, EDGES, lambda _: True) == (Severity.NONE, Severity.WARNING)
    assert judge(5.9, EDGES, lambda _: True) == (Severity.NONE, Severity.NONE)


@pytest.mark.parametrize(
    ("side", "target", "limit"),
    [
        ("above", Target(high=60.0), 90.0),
        ("above", Target(low=40.0), 60.0),
        ("below", Target(low=40.0, high=60.0), 60.0),
        ("above", Target(), 0.0),
    ],
)
def test_a_relative_limit_hangs_on_the_side_that_matters(
    side: str, target: Target, limit: float
) -> None:
    """Or on the other, where a target has only that."""
    bound = rule(metric="waiting", levels={"warning": level(side, "50%", "20%")}).levels.of
    raised = bound[Severity.WARNING].raise_

    assert raised is not None
    assert absolute(raised, target) == limit


def test_a_rule_that_makes_sense_has_a_kpi() -> None:
    """Others do not come here."""
    assert entry_of("waiting").unit == "contacts"
