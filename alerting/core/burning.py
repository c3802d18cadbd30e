"""How fast an error budget burns, scaled to the time in which an operation is open.

An objective of 80 % leaves a budget of 20 % bad contacts over a period. Burn 1 uses it up just in
time; the worst there is, every contact bad, is 1 ÷ (1 − objective): 5. The figures of operations
that never sleep (14.4, 6) can therefore never fire here.
"""

from typing import Final

from alerting.core.literals import parse_ms
from streams.core.calendars import Calendar

OPERATING_DAY: Final = "operating_day"
_MINUTE_MS: Final = 60_000


def burn_rate(budget: float, period_ms: float, long_ms: float) -> float:
    """Returns the burn that uses up a part of the budget within a window."""
    return budget * period_ms / long_ms


def greatest_burn(objective: float) -> float:
    """Returns the burn of nothing but bad contacts."""
    return 1.0 / (1.0 - objective)


def burn_of(part: int, whole: int, objective: float) -> float:
    """Returns how fast the budget burns where `part` of `whole` contacts are good."""
    return (whole - part) / whole / (1.0 - objective)


def period_ms(period: str, calendar: Calendar | None) -> int:
    """Returns how long a budget lasts, in open hours: the longest day of a calendar, or as said.

    Raises:
        ValueError: no duration, or a day without a calendar.
    """
    if period != OPERATING_DAY:
        return parse_ms(period)
    if calendar is None:
        raise ValueError("operating_day needs a calendar; or write a duration, such as 12h")
    days = (sum(end - start for start, end in spans) for spans in calendar.hours.week)
    return max(days) * _MINUTE_MS
