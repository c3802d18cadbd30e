"""What a reading says besides its value: status, bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.kpis import KPIS
from streams.core.policy import Target
from streams.core.reading import SMALL_N, Freshness, make, status, wilson
from streams.core.shapes import Measured

FRESH = Freshness(1_000, rebuilding=False)
AT_LEAST = Target(low=0.8, warning_low=0.64)
BAND = Target(low=300, high=400, warning_low=200, warning_high=480, minimum_n=0)


#   critical  │  warning  │   ok   │  warning  │  critical
#            200         300      400         480
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (199, "critical"), (200, "warning"), (299, "warning"), (300, "ok"),
        (400, "ok"), (401, "warning"), (480, "warning"), (481, "critical"),
    ],
)  # fmt: skip
def test_a_band_has_two_sides_and_its_limits_belong_to_it(value: float, expected: str) -> None:
    """A handle time may be too short as well as too long."""
    assert status(value, 100, BAND) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(1.0, "ok"), (0.8, "ok"), (0.79, "warning"), (0.63, "critical")]
)
def test_a_side_without_limit_is_never_passed(value: float, expected: str) -> None:
    """A service level cannot be too high."""
    assert status(value, 100, AT_LEAST) == expected


def test_without_a_wider_limit_nothing_is_critical() -> None:
    """Who names only the target is warned, not alarmed."""
    assert status(0.0, 100, Target(low=0.8)) == "warning"


@pytest.mark.parametrize(("n", "expected"), [(0, "none"), (19, "none"), (20, "critical")])
def test_a_few_contacts_have_no_status(n: int, expected: str) -> None:
    """One missed call of two is no 50 % drama."""
    assert status(0.1, n, AT_LEAST) == expected


def test_a_count_and_what_is_true_now_need_no_minimum() -> None:
    """One customer who has waited ten minutes is one too many."""
    assert status(600, 1, Target(high=60, warning_high=120), sampled=False) == "critical"


def test_no_data_and_no_target_have_no_status() -> None:
    """Neither is good nor bad."""
    assert status(None, 100, AT_LEAST) == "none"
    assert status(0.1, 100, None) == "none"
    assert status(0.1, None, AT_LEAST) == "none"


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_s_bounds_hold_the_share_and_stay_in_0_to_1(counts: tuple[int, int]) -> None:
    """Also at 0 of n and n of n, where simpler intervals have no width or leave the scale."""
    part, whole = counts

    low, high = wilson(part, whole)

    assert 0 <= low <= part / whole <= high <= 1
    assert low < high


def test_wilson_s_bounds_are_the_textbook_s() -> None:
    """8 of 10: 49.0 % to 94.3 %."""
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=0.0001)


def test_small_means_that_a_share_may_be_five_points_off() -> None:
    """From `SMALL_N` contacts on, the worst share is known to within 5 points."""
    low, high = wilson(SMALL_N // 2, SMALL_N)

    assert (high - low) / 2 < 0.05
    low, high = wilson(SMALL_N // 4, SMALL_N // 2)
    assert (high - low) / 2 > 0.05


def test_only_a_share_of_few_has_bounds() -> None:
    """Beside a large share they would be noise; a mean's need a variance, which is no sum here."""
    share, mean = KPIS["service_level"], KPIS["wait_mean"]

    def bounds(found: Measured, kpi: str) -> tuple[float | None, float | None]:
        reading = make("site", KPIS[kpi], "5m", "x", found, None, FRESH)
        return reading.low, reading.high

    assert bounds(Measured(0.8, 10, 8, 10), share.id) == wilson(8, 10)
    assert bounds(Measured(0.8, SMALL_N, 308, SMALL_N), share.id) == (None, None)
    assert bounds(Measured(None, 0, 0, 0), share.id) == (None, None)
    assert bounds(Measured(12.5, 10), mean.id) == (None, None)


def test_a_share_of_time_has_no_bounds() -> None:
    """Minutes are measured, not drawn."""
    found = Measured(0.5, 20, 600_000, 1_200_000)

    reading = make("team:red", KPIS["adherence"], "30m", "ignore", found, None, FRESH)
    small = make(
        "team:red", KPIS["adherence"], "30m", "ignore", Measured(0.5, 0, 5, 10), None, FRESH
    )

    assert (reading.low, reading.high) == (small.low, small.high) == (None, None)
    assert (reading.part, reading.whole, reading.unit) == (600_000, 1_200_000, "ratio")


def test_a_reading_says_where_it_comes_from() -> None:
    """Part and whole, unit, target, formula, freshness."""
    kpi = KPIS["service_level"]
    reading = make(
        "queue:a", kpi, "30m", "SL-B", Measured(0.5, 40, 20, 40), AT_LEAST, FRESH, revised=True
    )

    assert (reading.part, reading.whole, reading.n) == (20, 40, 40)
    assert (reading.segment, reading.kpi, reading.window) == ("queue:a", "service_level", "30m")
    assert (reading.unit, reading.formula, reading.status) == ("ratio", "SL-B", "critical")
    assert (reading.as_of_ms, reading.rebuilding) == (1_000, False)
    assert (reading.revised, reading.provisional, reading.since_ms) == (True, False, None)
