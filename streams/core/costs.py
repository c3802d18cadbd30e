"""What contacts cost: time of agents at their rates, and what is spent whoever is there.

Amounts are integers, in millionths of a unit of the currency, so a cost is one division. Which
rate a staffed hour has is a matter of the fold (`FoldPolicy.rate_classes`), how much that is one of
the reader: other amounts fold nothing again.
"""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from streams.core.buckets import DAY_MS, HOUR_MS

MICRO: Final = 1_000_000
"""Parts of a unit of the currency in which amounts are held."""
Costing = Literal["staffed", "staffed+fixed", "handling"]
"""What is divided by the contacts handled: staffed time at the rate of its team or site; that and
the fixed costs; or handle time at the default rate."""
Period = Literal["hour", "day", "month"]
PERIODS_MS: Final[Mapping[Period, int]] = {
    "hour": HOUR_MS,
    "day": DAY_MS,
    "month": 2_629_800_000,  # 30.4375 days, a twelfth of 365.25
}
"""How long the periods of fixed costs are; every day has 24 h here, every month is as long."""


class Prices(msgspec.Struct, frozen=True):
    """Rates and fixed costs."""

    currency: str = "EUR"
    """ISO 4217."""
    rates: tuple[int, ...] = ()
    """Micro-units an hour by class, in the order of `FoldPolicy.rate_classes`: the last one is the
    default. Empty = no costs."""
    fixed: int = 0
    """Micro-units a period, for the whole operation."""
    period_ms: int = DAY_MS


NO_PRICES: Final = Prices()


def cost(by: Costing, measures: Mapping[str, int], prices: Prices) -> float | None:
    """Returns the cost of one contact in units of the currency; `None` = no data."""
    handled = measures.get("handled", 0)
    if not prices.rates or not handled:
        return None
    return _spent(by, measures, prices) / (handled * prices.period_ms * HOUR_MS * MICRO)


def _spent(by: Costing, measures: Mapping[str, int], prices: Prices) -> int:
    """Returns micro-units × hours × periods, both in ms."""
    if by == "handling":
        handle_ms = sum(measures.get(m, 0) for m in ("talk_ms", "hold_ms", "wrap_ms"))
        return handle_ms * prices.rates[-1] * prices.period_ms
    spent = sum(measures.get(f"time_rate{k}", 0) * rate for k, rate in enumerate(prices.rates))
    fixed = prices.fixed * measures.get("time_elapsed", 0) if by == "staffed+fixed" else 0
    return spent * prices.period_ms + fixed * HOUR_MS
