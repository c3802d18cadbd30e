"""What a contact costs: by agents' time, by handle time, and when nobody knows."""

import pytest

from streams.core.costs import MICRO, NO_PRICES, PERIODS_MS, Prices
from streams.core.kpis import KPIS
from streams.core.policy import Formula, ReadingPolicy
from streams.core.reading import formula_of, measured
from streams.core.shapes import Measured

HOUR = 3_600_000
KPI = KPIS["cost_per_contact"]
PRICES = Prices(rates=(40 * MICRO, 30 * MICRO), fixed=240 * MICRO, period_ms=24 * HOUR)
MEASURES = {
    "handled": 10,
    "talk_ms": 1_800_000,
    "hold_ms": 600_000,
    "wrap_ms": 1_200_000,
    "time_rate0": 2 * HOUR,
    "time_rate1": HOUR,
    "time_elapsed": 3 * HOUR,
}


@pytest.mark.parametrize(
    ("formula", "value"), [("cost", 11.0), ("cost+fixed", 14.0), ("cost-direct", 3.0)]
)
def test_a_cost_is_one_division_of_integers(formula: str, value: float) -> None:
    """2 h at 40 and 1 h at 30; 3 h of 240 a day; an hour of handle time at 30."""
    assert measured(KPI, formula, MEASURES, {}, prices=PRICES) == Measured(value, 10)


@pytest.mark.parametrize("formula", KPI.formulas)
def test_without_rates_or_contacts_nothing_has_a_cost(formula: str) -> None:
    """Nor is it 0."""
    nobody = {**MEASURES, "handled": 0}

    assert measured(KPI, formula, MEASURES, {}, prices=NO_PRICES) == Measured(None, 10)
    assert measured(KPI, formula, nobody, {}, prices=PRICES) == Measured(None, 0)


@pytest.mark.parametrize(
    ("segment", "formula"),
    [
        ("site", "cost+fixed"),
        ("site:lyon", "cost"),
        ("team:red", "cost"),
        ("team:red+agent:a7", "cost"),
        ("channel:voice", "cost-direct"),
        ("channel:voice+team:red", "cost-direct"),
        ("queue:sales", "cost-direct"),
        ("product:x", "cost-direct"),
    ],
)
def test_what_a_segment_is_decides_how_its_contacts_cost(segment: str, formula: str) -> None:
    """Staffed time belongs to people, not to queues; fixed costs to the whole operation."""
    policy = ReadingPolicy(prices=PRICES, queues={"sales": Formula("SL-A")})

    assert formula_of(KPI, policy.formula(segment), ends_now=True) == formula


def test_without_fixed_costs_the_site_is_like_a_team() -> None:
    """The formula's id does not promise what is not in it."""
    assert formula_of(KPI, ReadingPolicy().formula("site"), ends_now=True) == "cost"


def test_a_year_has_twelve_months() -> None:
    """Each as long as the others: of 365.25 days."""
    assert PERIODS_MS["month"] * 12 == PERIODS_MS["day"] * 365 + PERIODS_MS["hour"] * 6
