"""What a formula is called where a KPI has several."""

import pytest

from streams.core.kpis import KPIS
from streams.core.variants import FLOW_OUTS, NAMES, variant
from streams.core.words import LANGUAGES

SEVERAL = [kpi for kpi in KPIS.values() if len(kpi.formulas) > 1]
CHOSEN = {formula for kpi in SEVERAL for formula in kpi.formulas}


def test_whatever_can_be_chosen_has_a_name() -> None:
    """And nothing else has one; of one KPI no two are called the same."""
    assert {formula.removesuffix(FLOW_OUTS) for formula in CHOSEN} == set(NAMES)
    for kpi in SEVERAL:
        for language in LANGUAGES:
            names = {getattr(kpi.variant(formula, 0), language) for formula in kpi.formulas}
            assert len(names - {""}) == len(kpi.formulas), (kpi.id, language)


def test_the_only_formula_needs_no_name() -> None:
    """Nothing could be mistaken for it."""
    assert KPIS["occupancy"].variant("time", 60_000) is None
    assert KPIS["nonresponse_rate"].variant("all", 0) is None


@pytest.mark.parametrize(
    ("kpi", "formula", "en", "fr"),
    [
        ("service_level", "SL-B", "SL-B", "SL-B"),
        ("service_level", "SL-B+flow-outs", "SL-B+flow-outs", "SL-B+débordés"),
        ("abandonment_rate", "all", "short ones too", "courts compris"),
        ("adherence", "exception", "Genesys ±90.5\u00a0s", "Genesys ±90,5\u00a0s"),
        ("out_late", "time+offline-out", "Amazon 2023 ±90.5\u00a0s", "Amazon 2023 ±90,5\u00a0s"),
        ("contacts_per_hour", "paid", "paid hours", "heures payées"),
        ("cost_per_contact", "cost-direct", "handle time", "temps de traitement"),
    ],
)  # fmt: skip
def test_a_name_says_the_tolerance_where_it_counts(
    kpi: str, formula: str, en: str, fr: str
) -> None:
    """Of what is judged by the plan, and of nothing else."""
    assert KPIS[kpi].variant(formula, 90_500) == (en, fr)


def test_a_tolerance_of_whole_minutes_is_said_in_minutes() -> None:
    """Five of them are not 300 s."""
    assert variant("ignore", 300_000).en == "Amazon ±5\u00a0min"
