"""The guards against small numbers, against tables and slow exact sums."""

import math
from collections.abc import Iterable
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alerting.core.guards import (
    mean_beyond,
    poisson_lower,
    poisson_upper,
    quantile_beyond,
    share_beyond,
    upper_tail,
)
from streams.core.reading import wilson
from streams.core.tally import HANDLE, WAIT, histogram_index


def slow_tail(k: int, n: int, p: Fraction) -> Fraction:
    """Return P(X ≥ k), as it stands in a textbook."""
    terms = (math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(max(k, 0), n + 1))
    return sum(terms, Fraction(0))


@pytest.mark.parametrize(
    ("part", "whole", "tail", "fires"),
    [
        (1, 2, 0.154, False),
        (2, 5, 0.054, False),
        (3, 10, 0.040, True),
        (4, 20, 0.071, False),
        (5, 30, 0.087, False),
        (12, 100, 0.103, False),
        (9, 30, 0.0004, True),
    ],
)
def test_a_share_fires_when_chance_does_not_explain_it(
    part: int, whole: int, tail: float, fires: bool
) -> None:
    """At a threshold of 8 %, with 95 %: one of two is nothing, nine of thirty are an alert."""
    assert upper_tail(part, whole, 0.08) == pytest.approx(tail, abs=0.0006)
    assert share_beyond(part, whole, 0.08, "above", 0.95) == fires


def test_the_bounds_of_readings_would_be_too_bold() -> None:
    """Wilson's bound of one of two lies above 8 %: it would fire."""
    assert wilson(1, 2)[0] > 0.08


@given(
    n=st.integers(0, 300),
    k=st.integers(-2, 302),
    p=st.fractions(0, 1, max_denominator=1000),
)
@example(n=30, k=9, p=Fraction(8, 100))
@example(n=10, k=4, p=Fraction(0))
@example(n=10, k=10, p=Fraction(1))
def test_the_binomial_tail_is_the_exact_sum(n: int, k: int, p: Fraction) -> None:
    """Both tails agree with fractions, however small they are."""
    exact = float(slow_tail(k, n, p))
    assert upper_tail(k, n, float(p)) == pytest.approx(exact, rel=1e-9, abs=1e-11)


def test_a_tail_of_a_great_many_is_still_summed() -> None:
    """A hundred thousand contacts are no trouble; half of them lies in the middle."""
    assert upper_tail(50_000, 100_000, 0.5) == pytest.approx(0.50126, abs=1e-4)
    assert upper_tail(60_000, 100_000, 0.5) < 1e-300


@given(part=st.integers(0, 60), rest=st.integers(0, 60), limit=st.floats(0.01, 0.99))
def test_below_is_above_of_the_rest(part: int, rest: int, limit: float) -> None:
    """A service level below 80 % is more than 20 % bad contacts."""
    whole = part + rest
    assert share_beyond(part, whole, limit, "below", 0.95) == share_beyond(
        rest, whole, 1.0 - limit, "above", 0.95
    )


@given(k=st.integers(-1, 60), expected=st.floats(0, 40))
@example(k=0, expected=0.0)
@example(k=3, expected=0.0)
def test_poisson_tails_are_the_exact_sums(k: int, expected: float) -> None:
    """Both tails agree with their terms, and overlap in k alone."""
    terms = [math.exp(-expected) * expected**i / math.factorial(i) for i in range(k + 1)]
    below = math.fsum(terms[:-1])

    assert poisson_lower(k, expected) == pytest.approx(math.fsum(terms), abs=1e-12)
    assert poisson_upper(k, expected) == pytest.approx(1.0 - below, abs=1e-12)


@pytest.mark.parametrize(("per_hour", "minutes"), [(20, 20.7), (60, 6.9), (200, 2.1)])
def test_so_long_must_it_be_silent(per_hour: int, minutes: float) -> None:
    """At α = 0.001: twenty an hour are missed after twenty minutes, two hundred after two."""
    just, before = per_hour * (minutes + 0.1) / 60, per_hour * (minutes - 0.1) / 60

    assert poisson_lower(0, just) < 0.001 < poisson_lower(0, before)


def waits(*seconds: float, family: int = WAIT) -> dict[int, int]:
    """Return a histogram of durations."""
    hist: dict[int, int] = {}
    for s in seconds:
        key = family + histogram_index(round(s * 1000))
        hist[key] = hist.get(key, 0) + 1
    return hist


def test_a_quantile_is_a_share_of_contacts_beyond_the_limit() -> None:
    """Of a P90 a tenth may wait longer: two of ten are chance, five of ten are not."""
    two = waits(*[10.0] * 8, *[100.0] * 2)
    five = waits(*[10.0] * 5, *[100.0] * 5)

    assert not quantile_beyond(two, WAIT, 90, 60.0, "above", 0.95)
    assert quantile_beyond(five, WAIT, 90, 60.0, "above", 0.95)
    assert not quantile_beyond(five, WAIT, 90, 60.0, "below", 0.95)
    assert quantile_beyond(waits(*[10.0] * 40), WAIT, 90, 60.0, "below", 0.95)
    assert not quantile_beyond(five, HANDLE, 90, 60.0, "above", 0.95)


def mean(values: Iterable[float]) -> float:
    """Return a mean."""
    values = list(values)
    return sum(values) / len(values)


def test_a_mean_is_beyond_when_its_error_does_not_reach_the_limit() -> None:
    """Ten scattered calls prove nothing; a hundred of them do; one has no scatter."""
    few = [30.0, 600.0, 90.0, 400.0, 200.0, 500.0, 60.0, 350.0, 700.0, 150.0]
    many = few * 10

    def beyond(values: list[float], limit: float, *, above: bool = True) -> bool:
        hist = waits(*values, family=HANDLE)
        side = "above" if above else "below"
        return mean_beyond(hist, HANDLE, mean(values), limit, side, 0.95)  # type: ignore[arg-type]

    assert mean(few) == pytest.approx(308.0)
    assert not beyond(few, 250.0)
    assert beyond(many, 250.0)
    assert not beyond(few, 360.0, above=False)
    assert beyond(many, 360.0, above=False)
    assert not beyond([900.0], 250.0)
