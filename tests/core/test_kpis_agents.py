"""KPIs of agents' time: the vendors' worked cases, every policy, and sums of random labels."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.agents.labels import CLASSES, OFFLINE, OUTS, STATES, label_of, sum_up
from streams.core.kpis import KPIS
from streams.core.kpis_agents import AGENT_ENTRIES
from streams.core.live import Live
from streams.core.policy import Formula
from streams.core.reading import formula_of, measured, measured_now
from streams.core.shapes import Measured
from streams.core.variants import OFFLINE_OUT

MINUTE = 60_000
LABELS = st.builds(
    label_of,
    st.integers(0, len(STATES) - 1),
    st.integers(0, CLASSES - 1),
    st.integers(0, 2),
    st.integers(1, len(OUTS) - 1),
)
TIMES = st.dictionaries(LABELS, st.integers(0, 10**8), max_size=12).map(
    lambda ms: {f"time_{measure}": n for measure, n in sum_up(ms).items()}
)
"""What agents under random labels come to, as measures of a window."""


def of(kpi: str, measures: Mapping[str, int], settings: Formula | None = None) -> Measured:
    """Returns a KPI of measures by the formula that settings mean."""
    entry = KPIS[kpi]
    return measured(entry, formula_of(entry, settings or Formula(), ends_now=True), measures, {})


def minutes(**times: int) -> dict[str, int]:
    """Returns times in minutes as measures."""
    return {f"time_{name}": n * MINUTE for name, n in times.items()}


# Amazon 1: work 08:00-11:00; available 07:30, paused 10:30, offline 11:00.
AMAZON_1 = minutes(scheduled=180, adherent=150, on_queue=180, productive=180, outside_counted=30)
# Amazon 2: work 09:00-10:30, break, meeting to 12:00; available 09:00, paused 10:45.
AMAZON_2 = minutes(scheduled=180, adherent=165, on_queue=105, productive=90)
# Genesys: on queue 09:00-10:00; available 09:10-10:10.
GENESYS = minutes(scheduled=60, adherent=50, on_queue=60, productive=60, outside_counted=10)


@pytest.mark.parametrize(
    ("measures", "policy", "adherence", "conformance"),
    [
        (AMAZON_1, "ignore", (150, 180), (180, 180)),
        (AMAZON_2, "ignore", (165, 180), (105, 90)),
        (GENESYS, "ignore", (50, 60), (60, 60)),
        (GENESYS, "exception", (50, 70), (60, 60)),
    ],
)
def test_the_vendors_worked_cases(
    measures: dict[str, int], policy: str, adherence: tuple[int, int], conformance: tuple[int, int]
) -> None:
    """83 %, 92 %, 71.4 % and what the other rule makes of the same hour."""
    settings = Formula(out_of_shift=policy)  # type: ignore[arg-type]  # one of them

    for kpi, (part, whole) in [("adherence", adherence), ("conformance", conformance)]:
        expected = Measured(part / whole, whole, part * MINUTE, whole * MINUTE)
        assert of(kpi, measures, settings) == expected


@pytest.mark.parametrize(
    ("kpi", "value", "n"),
    [
        ("on_contact_time", 1800.0, 30),
        ("available_time", 1200.0, 20),
        ("wrap_time_total", 300.0, 5),
        ("staffed_time", 5400.0, 90),
        ("occupancy", 40 / 60, 60),
        ("utilisation", 40 / 90, 90),
        ("concurrency", 60 / 40, 40),
        ("slots_used", 60 / 180, 180),
        ("contacts_per_hour", 8.0, 8),
        ("handled_by_agent", 7, 7),
        ("cases_solved", 3, 3),
        ("nonresponse_rate", 2 / 9, 9),
    ],
)
def test_an_hour_and_a_half_of_an_agent(kpi: str, value: float, n: int) -> None:
    """Two chats at once are one busy agent; a caller who leaves is nobody's miss."""
    worked = minutes(
        on_contact=30, hold=5, wrap_up=5, busy=40, available=20, on_queue=60, paused=30,
        staffed=90, contacts=60, capacity=180,
    )  # fmt: skip
    counts = {
        "handled": 8, "handled_by_nobody": 1, "solved": 3, "missed": 3, "rings_left": 1,
        "answered": 8, "answered_by_nobody": 1,
    }  # fmt: skip

    found = of(kpi, {**worked, **counts})

    assert (found.value, found.n) == (value, n)


@pytest.mark.parametrize(
    ("productivity", "value"), [("on_queue", 6.0), ("staffed", 4.0), ("paid", 3.0)]
)
def test_whose_hours_productivity_is_of_is_a_setting(productivity: str, value: float) -> None:
    """The formula's id says it."""
    settings = Formula(productivity=productivity)  # type: ignore[arg-type]  # one of them
    measures = {**minutes(on_queue=120, staffed=180, scheduled=240), "handled": 12}

    assert of("contacts_per_hour", measures, settings) == Measured(value, 12)
    assert formula_of(KPIS["contacts_per_hour"], settings, ends_now=True) == productivity


def test_a_count_without_time_is_no_rate() -> None:
    """Contacts of agents who tell no states."""
    assert of("contacts_per_hour", {"handled": 12}) == Measured(None, 12)


@pytest.mark.parametrize(
    "kpi",
    [
        "agents_missing", "agents_out_of_adherence", "adherent_time", "schedule_variance",
        "out_late", "out_early_leave", "out_long_break", "out_wrong_activity", "adherence",
    ],
)  # fmt: skip
def test_offline_in_a_break_is_a_setting_of_every_kpi_that_judges(kpi: str) -> None:
    """Amazon's guide of 2023 against today's; the formula's id says which."""
    lenient, strict = (
        formula_of(KPIS[kpi], Formula(offline_in_break=rule), ends_now=True)
        for rule in ("adherent", "nonadherent")
    )

    assert strict == lenient + OFFLINE_OUT
    assert KPIS[kpi].formula(strict) != KPIS[kpi].formula(lenient)


def test_an_agent_offline_in_the_break_is_adherent_or_missing() -> None:
    """Half an hour of break, offline."""
    label = label_of(OFFLINE, 2, 0, 4)
    measures = {f"time_{m}": 30 * MINUTE for m in sum_up({label: 1})}
    now, strict = Live(agents=sum_up({label: 1})), Formula(offline_in_break="nonadherent")

    assert of("adherence", measures).value == 1
    assert of("adherence", measures, strict).value == 0
    assert of("out_wrong_activity", measures, strict).value == 1800
    for kpi in ("agents_missing", "agents_out_of_adherence"):
        assert measured_now(KPIS[kpi], "live", now, 0) == Measured(0, 0)
        assert measured_now(KPIS[kpi], "live" + OFFLINE_OUT, now, 0) == Measured(1, 1)


@pytest.mark.parametrize(
    ("kpi", "what"),
    [
        ("agents_staffed", "staffed"), ("agents_available", "available"),
        ("agents_ringing", "ringing"), ("agents_on_contact", "on_contact"),
        ("agents_on_hold", "hold"), ("agents_wrap_up", "wrap_up"), ("agents_paused", "paused"),
        ("agents_unknown", "unknown"), ("agents_scheduled", "scheduled"),
        ("agents_missing", "missing"), ("agents_out_of_adherence", "out"),
    ],
)  # fmt: skip
def test_agents_are_counted_by_what_they_are_now(kpi: str, what: str) -> None:
    """Nobody is 0 agents."""
    assert measured_now(KPIS[kpi], "live", Live(agents={what: 3}), 0) == Measured(3, 3)
    assert measured_now(KPIS[kpi], "live", Live(), 0) == Measured(0, 0)


@given(TIMES, st.sampled_from(["ignore", "exception"]), st.booleans())
def test_shares_of_time_lie_in_0_to_1_and_what_is_out_adds_up(
    measures: dict[str, int], policy: str, strict: bool
) -> None:
    """Whatever agents do; only conformance and concurrency may exceed 1."""
    settings = Formula(
        out_of_shift=policy,  # type: ignore[arg-type]  # one of them
        offline_in_break="nonadherent" if strict else "adherent",
    )

    for kpi in ("adherence", "occupancy", "utilisation"):
        value = of(kpi, measures, settings).value
        assert value is None or 0 <= value <= 1
    outs = [entry.id for entry in AGENT_ENTRIES if entry.id.startswith("out_")]
    total = sum(round((of(kpi, measures, settings).value or 0) * 1000) for kpi in outs)
    assert total == round((of("schedule_variance", measures, settings).value or 0) * 1000)


def test_a_formula_of_time_reads_like_its_arithmetic() -> None:
    """With n in minutes; parts are for the wall to write as times."""
    adherence, rate = KPIS["adherence"], KPIS["contacts_per_hour"]

    assert adherence.formula("exception").en == (
        "adherent time ÷ (scheduled time + time outside the plan) = {part} ÷ {whole}"
    )
    assert adherence.counts("ignore").fr == "temps planifié"
    assert rate.formula("paid").en == "handled ÷ scheduled time in hours, of {n} = {value}"
    assert KPIS["agents_missing"].formula("live" + OFFLINE_OUT).en == (
        "agents missing (offline in a break is out) now = {value}"
    )
