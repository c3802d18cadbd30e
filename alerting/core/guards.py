"""Whether a number of few contacts says anything: the guards against small numbers.

One of two contacts abandoned is 50 %, and no reason to wake anybody. A share is beyond its limit
when so many bad contacts would be improbable if the limit were the truth: an exact binomial tail,
which is the Clopper–Pearson bound. Wilson's bounds, which readings show, are too bold for n this
small: they would fire on one of two. A quantile is a share, too: of the contacts beyond the limit.
A mean is judged by its standard error. What is no sample (time, live values, counts) has no test.
"""

import math
from collections.abc import Mapping
from statistics import NormalDist
from typing import Final, Literal

from streams.core.tally import family, histogram_seconds

Side = Literal["above", "below"]
_ENOUGH: Final = 1e-17
"""A term so much smaller than the sum changes no digit of it."""


def upper_tail(k: int, n: int, p: float) -> float:
    """Returns P(X ≥ k) of a binomial X of n trials with probability p, exactly.

    Terms are summed from k away from the mean; where k lies below it, the other tail is summed.
    """
    if k <= 0:
        return 1.0
    if k > n or p <= 0.0:
        return 0.0
    if p >= 1.0:
        return 1.0
    if k > n * p:
        return min(1.0, _sum_up(k, n, p))
    return max(0.0, 1.0 - _sum_up(n - k + 1, n, 1.0 - p))


def _sum_up(k: int, n: int, p: float) -> float:
    """Returns P(X ≥ k), term by term: each is a fraction of the one before."""
    log_term = (
        math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
        + k * math.log(p) + (n - k) * math.log1p(-p)
    )  # fmt: skip
    term = total = math.exp(log_term)
    odds = p / (1.0 - p)
    for i in range(k, n):
        term *= (n - i) / (i + 1) * odds
        total += term
        if term < total * _ENOUGH:
            break
    return total


def poisson_upper(k: int, expected: float) -> float:
    """Returns P(X ≥ k) of a Poisson X with mean `expected`."""
    if k <= 0:
        return 1.0
    if expected <= 0.0:
        return 0.0
    if k <= expected:
        return max(0.0, 1.0 - poisson_lower(k - 1, expected))
    term = total = _poisson(k, expected)
    while term > total * _ENOUGH:
        k += 1
        term *= expected / k
        total += term
    return min(1.0, total)


def poisson_lower(k: int, expected: float) -> float:
    """Returns P(X ≤ k) of a Poisson X with mean `expected`."""
    if k < 0:
        return 0.0
    if expected <= 0.0:
        return 1.0
    if k > expected:
        return max(0.0, 1.0 - poisson_upper(k + 1, expected))
    term = total = _poisson(k, expected)
    while k and term > total * _ENOUGH:
        term *= k / expected
        total += term
        k -= 1
    return min(1.0, total)


def _poisson(k: int, expected: float) -> float:
    return math.exp(k * math.log(expected) - expected - math.lgamma(k + 1))


def share_beyond(part: int, whole: int, limit: float, side: Side, confidence: float) -> bool:
    """Whether a share lies beyond its limit, by more than chance.

    Args:
        part: How many of the whole.
        whole: The whole.
        limit: The share that would still be right, 0..1.
        side: On which side of it trouble is. Below: the rest is counted instead of the part.
        confidence: How improbable the part must be at the limit: 0.95 = under 5 %.
    """
    if side == "below":
        part, limit = whole - part, 1.0 - limit
    return upper_tail(part, whole, limit) < 1.0 - confidence


def quantile_beyond(
    hist: Mapping[int, int], base: int, percent: int, limit_s: float, side: Side, confidence: float
) -> bool:
    """Whether a percentile lies beyond its limit: whether too many contacts do.

    Args:
        hist: Histograms of several families.
        base: The family.
        percent: Which percentile it is.
        limit_s: The limit.
        side: On which side of it trouble is.
        confidence: As of a share.
    """
    classes = [(histogram_seconds(index), count) for index, count in family(hist, base)]
    n = sum(count for _, count in classes)
    if side == "above":
        beyond, allowed = sum(c for s, c in classes if s > limit_s), 1.0 - percent / 100
    else:
        beyond, allowed = sum(c for s, c in classes if s < limit_s), percent / 100
    return upper_tail(beyond, n, allowed) < 1.0 - confidence


def mean_beyond(
    hist: Mapping[int, int], base: int, mean: float, limit: float, side: Side, confidence: float
) -> bool:
    """Whether a mean lies beyond its limit by more than its standard error allows.

    Args:
        hist: Histograms of several families, of which the variance is taken.
        base: The family.
        mean: The mean itself, which is exact.
        limit: The limit.
        side: On which side of it trouble is.
        confidence: One-sided.
    """
    classes = [(histogram_seconds(index), count) for index, count in family(hist, base)]
    n = sum(count for _, count in classes)
    if n < 2:  # noqa: PLR2004  one value has no variance
        return False
    variance = sum(count * (s - mean) ** 2 for s, count in classes) / (n - 1)
    reach = NormalDist().inv_cdf(confidence) * math.sqrt(variance / n)
    return mean - reach > limit if side == "above" else mean + reach < limit
