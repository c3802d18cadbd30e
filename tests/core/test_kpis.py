"""The catalogue: every formula by table, every entry by one contract."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.catalogue import Kpi
from streams.core.errors import BadName
from streams.core.kpis import KPIS, find
from streams.core.live import Live
from streams.core.policy import Formula
from streams.core.reading import formula_of, measured, measured_now
from streams.core.shapes import Measured, Share, Sum, TimeShare
from streams.core.tally import Cell, lanes, merge
from streams.core.variants import FLOW_OUTS
from streams.core.words import LANGUAGES
from tests.core.cells import cell, consistent

IDS = [
    "waiting", "wait_longest", "in_progress", "offered", "answered", "answered_within",
    "abandoned", "short_abandoned", "flowed_out", "transferred", "handled", "orphaned",
    "abandonment_rate", "answer_rate", "service_level", "wait_mean", "wait_p90",
    "wait_abandoned_mean", "handle_time_mean", "handle_time_p90", "talk_time_mean",
    "hold_time_mean", "wrap_time_mean",
    "agents_staffed", "agents_available", "agents_ringing", "agents_on_contact", "agents_on_hold",
    "agents_wrap_up", "agents_paused", "agents_unknown", "agents_scheduled", "agents_missing",
    "agents_out_of_adherence",
    "on_contact_time", "available_time", "wrap_time_total", "staffed_time", "scheduled_time",
    "adherent_time", "schedule_variance", "out_late", "out_early_leave", "out_long_break",
    "out_wrong_activity",
    "adherence", "conformance", "occupancy", "utilisation", "concurrency", "slots_used",
    "contacts_per_hour", "cost_per_contact",
    "handled_by_agent", "cases_solved", "nonresponse_rate",
]  # fmt: skip
WINDOWED = [kpi for kpi in KPIS.values() if kpi.kind != "live"]
VARIANTS = ["SL-A", "SL-B", "SL-C", "SL-D", "SL-E", "SL-now"]


def of(kpi: str, sums: Cell, formula: str | None = None, beyond: int = 0) -> Measured:
    """Returns a KPI of a cell by one of its formulas."""
    entry = KPIS[kpi]
    return measured(
        entry, formula or next(iter(entry.formulas)), lanes(sums.sums), sums.hist, beyond
    )


# `docs/counting.md`, "Ratios": 100 offered = 70 answered within 20 s, 15 later; 5 abandoned within
# 5 s, 3 more within 20 s, 7 later.
HUNDRED = cell(
    offered=100,
    answered=85,
    answered_within=70,
    abandoned=15,
    abandoned_within=8,
    short_abandoned=5,
)
# And 20 more that flowed out, 4 of them to a callback within 20 s.
HUNDRED_TWENTY = merge(HUNDRED, cell(offered=20, flowed_out=20, callback_within=4))


@pytest.mark.parametrize(
    ("formula", "part", "whole", "per_cent"),
    [
        ("SL-A", 78, 100, 78.0),
        ("SL-B", 70, 100, 70.0),
        ("SL-C", 70, 95, 73.7),
        ("SL-D", 70, 92, 76.1),
        ("SL-E", 70, 85, 82.4),
    ],
)
def test_the_published_service_levels_of_the_same_hundred_contacts(
    formula: str, part: int, whole: int, per_cent: float
) -> None:
    """Five products read five numbers off the same contacts."""
    found = of("service_level", HUNDRED, formula)

    assert found == Measured(part / whole, whole, part, whole)
    assert found.value is not None
    assert round(found.value * 100, 1) == per_cent


@pytest.mark.parametrize(
    ("kpi", "formula", "part", "whole"),
    [
        ("service_level", "SL-A", 82, 120),
        ("service_level", "SL-B", 70, 100),
        ("service_level", "SL-B+flow-outs", 70, 120),
        ("service_level", "SL-C+flow-outs", 70, 115),
        ("service_level", "SL-D+flow-outs", 70, 112),
        ("service_level", "SL-now+flow-outs", 70, 120),
        ("abandonment_rate", "all", 15, 100),
        ("abandonment_rate", "short_excluded", 10, 95),
        ("abandonment_rate", "all+flow-outs", 15, 120),
        ("abandonment_rate", "short_excluded+flow-outs", 10, 115),
        ("answer_rate", "all", 85, 100),
        ("answer_rate", "all+flow-outs", 85, 120),
    ],
)
def test_flow_outs_widen_the_whole_only_where_it_is_said(
    kpi: str, formula: str, part: int, whole: int
) -> None:
    """`count_flow_outs` is a formula of its own, with its own name."""
    found = of(kpi, HUNDRED_TWENTY, formula)

    assert found == Measured(part / whole, whole, part, whole)


def test_who_waits_too_long_now_is_a_miss_of_sl_now() -> None:
    """The only variant that falls before the customer hangs up."""
    assert of("service_level", HUNDRED, "SL-now", beyond=40) == Measured(0.5, 140, 70, 140)
    assert of("service_level", HUNDRED, "SL-now", beyond=0).value == 0.7
    assert of("service_level", HUNDRED, "SL-B", beyond=40).value == 0.7


@pytest.mark.parametrize(
    ("settings", "service_level", "abandonment_rate", "answer_rate"),
    [
        (Formula(), "SL-B", "all", "all"),
        (
            Formula("SL-C", "short_excluded", count_flow_outs=True),
            "SL-C+flow-outs", "short_excluded+flow-outs", "all+flow-outs",
        ),
        (Formula("SL-A", count_flow_outs=True), "SL-A", "all+flow-outs", "all+flow-outs"),
        (Formula("SL-E", count_flow_outs=True), "SL-E", "all+flow-outs", "all+flow-outs"),
    ],
)  # fmt: skip
def test_settings_choose_the_formula(
    settings: Formula, service_level: str, abandonment_rate: str, answer_rate: str
) -> None:
    """SL-A counts flow-outs anyway, SL-E never."""
    for kpi, expected in [
        ("service_level", service_level),
        ("abandonment_rate", abandonment_rate),
        ("answer_rate", answer_rate),
    ]:
        assert formula_of(KPIS[kpi], settings, ends_now=True) == expected


def test_sl_now_becomes_sl_b_in_a_window_that_does_not_end_now() -> None:
    """Who waits now says nothing of yesterday; the formula's id tells."""
    settings = Formula(service_level="SL-now", count_flow_outs=True)
    kpi = KPIS["service_level"]

    assert formula_of(kpi, settings, ends_now=True) == "SL-now+flow-outs"
    assert formula_of(kpi, settings, ends_now=False) == "SL-B+flow-outs"


@pytest.mark.parametrize(
    ("kpi", "value", "n"),
    [
        ("offered", 5, 5),
        ("answered", 3, 3),
        ("answered_within", 2, 2),
        ("abandoned", 2, 2),
        ("short_abandoned", 1, 1),
        ("flowed_out", 4, 4),
        ("transferred", 6, 6),
        ("handled", 2, 2),
        ("wait_mean", 70_001 / 3_000, 3),
        ("wait_abandoned_mean", 10.5, 2),
        ("handle_time_mean", 250.5, 2),
        ("talk_time_mean", 200.0, 2),
        ("hold_time_mean", 30.0, 2),
        ("wrap_time_mean", 20.5, 2),
    ],
)
def test_counts_and_means_of_a_small_queue(kpi: str, value: float, n: int) -> None:
    """A mean is one division of integers: sum of ms / (1000 · n)."""
    small = cell(
        offered=5, answered=3, answered_within=2, wait_ms=70_001, abandoned=2, short_abandoned=1,
        wait_abandoned_ms=21_000, flowed_out=4, transferred=6, handled=2, talk_ms=400_000,
        hold_ms=60_000, wrap_ms=41_000,
    )  # fmt: skip

    assert of(kpi, small) == Measured(value, n)


@pytest.mark.parametrize(("kpi", "family"), [("wait_p90", 0), ("handle_time_p90", 1)])
def test_p90_is_the_ninth_of_ten(kpi: str, family: int) -> None:
    """Nearest rank: nine of ten are not longer, within 1 %."""
    durations = [1_000 * i for i in range(1, 11)]
    ten = cell(*([], durations) if family else (durations, []), answered=10, handled=10)

    found = of(kpi, ten)

    assert found.value == pytest.approx(9.0, rel=0.01)
    assert found.n == 10


@pytest.mark.parametrize("kpi", WINDOWED, ids=lambda kpi: kpi.id)
def test_no_contacts_is_no_data_but_for_counts(kpi: Kpi) -> None:
    """A mean of nothing is not 0 s, a share of nothing not 0 %; nobody offered is 0."""
    for formula in kpi.formulas:
        found = of(kpi.id, cell(), formula)

        assert found.value == (0 if kpi.kind in {"count", "time"} else None)
        assert found.n == 0


def test_only_short_abandons_leave_no_rate() -> None:
    """A denominator that the formula empties is no data either."""
    shorts = cell(abandoned=3, short_abandoned=3, abandoned_within=3)

    assert of("abandonment_rate", shorts, "short_excluded") == Measured(None, 0, 0, 0)
    assert of("service_level", shorts, "SL-C") == Measured(None, 0, 0, 0)
    assert of("service_level", shorts, "SL-B").value == 0.0


@given(consistent(), st.integers(0, 9))
def test_every_share_lies_in_0_to_1(sums: Cell, beyond: int) -> None:
    """Whatever the counts, as long as they could be those of contacts."""
    for kpi in WINDOWED:
        if kpi.kind == "share":
            for formula in kpi.formulas:
                found = of(kpi.id, sums, formula, beyond)
                assert found.value is None or 0 <= found.value <= 1


@pytest.mark.parametrize(
    ("kpi", "value", "n"),
    [("waiting", 2, 2), ("in_progress", 3, 3), ("orphaned", 1, 1), ("wait_longest", 12.5, 2)],
)
def test_what_is_true_now(kpi: str, value: float, n: int) -> None:
    """The longest wait is now − the start of the oldest."""
    live = Live(waiting=2, in_progress=3, orphaned=1, oldest_s=100)

    assert measured_now(KPIS[kpi], "live", live, 112_500) == Measured(value, n)


def test_the_longest_wait_of_nobody_is_no_data() -> None:
    """And the count of nobody is 0. A wait that begins after `now` has lasted 0 s."""
    assert measured_now(KPIS["wait_longest"], "live", Live(), 1_000) == Measured(None, 0)
    assert measured_now(KPIS["waiting"], "live", Live(), 1_000) == Measured(0, 0)
    ahead = Live(waiting=1, oldest_s=5)
    assert measured_now(KPIS["wait_longest"], "live", ahead, 1_000) == Measured(0.0, 1)


def test_the_catalogue_has_exactly_these_ids_in_this_order() -> None:
    """They are in URLs, in settings and on walls: they do not change."""
    assert list(KPIS) == IDS


@pytest.mark.parametrize("kpi", KPIS.values(), ids=lambda kpi: kpi.id)
def test_every_entry_says_what_it_is(kpi: Kpi) -> None:
    """Names, definitions and formulas in both languages, a source, a unit that fits its shape."""
    for language in LANGUAGES:
        texts = [getattr(t, language) for t in (kpi.name, kpi.definition)]
        texts += [getattr(kpi.formula(f), language) for f in kpi.formulas]
        texts += [getattr(kpi.counts(f), language) for f in kpi.formulas]
        assert all(texts)
        assert getattr(kpi.definition, language).endswith(".")
    assert kpi.name.en != kpi.definition.en
    assert kpi.source
    assert not kpi.private
    units = {
        "count": {"contacts"}, "share": {"ratio"}, "time": {"seconds"},
        "time_share": {"ratio", "number"}, "rate": {"per_hour"}, "cost": {"money"},
        "live": {"contacts", "agents", "seconds"},
    }  # fmt: skip
    assert kpi.unit in units.get(kpi.kind, {"seconds"})
    assert kpi.sampled == (kpi.kind not in {"live", "count", "time"})


@pytest.mark.parametrize("kpi", KPIS.values(), ids=lambda kpi: kpi.id)
@pytest.mark.parametrize("service_level", VARIANTS)
@pytest.mark.parametrize("count_flow_outs", [False, True])
def test_every_setting_means_a_formula_that_exists(
    kpi: Kpi, service_level: str, count_flow_outs: bool
) -> None:
    """No combination of settings leads nowhere."""
    settings = Formula(service_level=service_level, count_flow_outs=count_flow_outs)  # type: ignore[arg-type] # one of them

    for ends_now in (False, True):
        assert formula_of(kpi, settings, ends_now=ends_now) in kpi.formulas


@pytest.mark.parametrize("kpi", KPIS.values(), ids=lambda kpi: kpi.id)
def test_the_default_target_lies_on_the_better_side(kpi: Kpi) -> None:
    """Ok within warning, and limits only on the side where it gets worse."""
    target = kpi.target
    if target is None:
        return
    if kpi.direction == "higher":
        assert target.high is target.warning_high is None
        assert target.low is not None
        assert target.warning_low is not None
        assert target.warning_low < target.low
    elif kpi.direction == "band":
        limits = [target.warning_low, target.low, target.high, target.warning_high]
        stated = [limit for limit in limits if limit is not None]
        assert {target.low, target.high} <= set(stated)  # a side may have no critical
        assert stated == sorted(set(stated))
    else:
        assert kpi.direction == "lower"
        assert target.low is target.warning_low is None
        assert target.high is not None
        assert target.warning_high is not None
        assert target.high < target.warning_high


def test_a_formula_reads_like_its_arithmetic() -> None:
    """The text is made from the formula: with the numbers of a reading it is its proof."""
    kpi = KPIS["service_level"]

    text = kpi.formula("SL-C" + FLOW_OUTS)

    assert text.en.format(part=70, whole=115) == (
        "answered within the target ÷ (answered + abandoned − short abandons + flowed out)"
        " = 70 ÷ 115"
    )
    assert text.fr.format(part=70, whole=115).startswith("pris en charge dans le délai ÷ (")
    assert kpi.counts("SL-E").en == "answered"
    assert KPIS["wait_p90"].formula("p90").en == "90 % of {n} contacts answered: wait ≤ {value}"


@pytest.mark.parametrize("kpi", KPIS.values(), ids=lambda kpi: kpi.id)
def test_a_text_has_places_only_for_what_a_reading_has(kpi: Kpi) -> None:
    """{value}, {n}, {part}, {whole}; part and whole only of shares."""
    places = {"value": 1, "n": 2}
    if isinstance(next(iter(kpi.formulas.values())), Share | TimeShare):
        places |= {"part": 3, "whole": 4}
    for formula in kpi.formulas:
        text = kpi.formula(formula)
        assert text.en.format(**places) != text.en
        assert text.fr.format(**places) != text.fr


def test_an_unknown_measure_in_a_formula_does_not_pass_silently() -> None:
    """A slip of the pen in the catalogue breaks its contract test, not a number."""
    with pytest.raises(KeyError):
        Sum.parse("answered + abandonned").text("en")
    with pytest.raises(KeyError):
        Sum.parse("answered * abandoned")
    with pytest.raises(ValueError, match="shorter"):
        Sum.parse("answered +")


def test_an_unknown_kpi_is_refused_with_the_known_ones() -> None:
    """A typing error in a URL gets an answer that helps."""
    assert find("offered") is KPIS["offered"]
    with pytest.raises(BadName, match="'offred' is not in the catalogue: waiting, wait_longest"):
        find("offred")
