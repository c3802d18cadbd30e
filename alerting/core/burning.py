"""How fast an error budget burns, scaled to the time in which an operation is open.

An objective of 80 % leaves a budget of 20 % bad contacts over a period. Burn 1 uses it up just in
time; the worst there is, every contact bad, is 1 ÷ (1 − objective): 5. The figures of operations
that never sleep (14.4, 6) can therefore never fire here.
"""

from typing import Final

from alerting.core.guards import share_beyond
from alerting.core.literals import parse_ms
from alerting.core.models import SEVERITIES
from alerting.core.rules import Burn, Rule
from alerting.core.shapes import Severity
from alerting.core.verdicts import Edge, Read, Reader, Verdict, entry_of
from alerting.core.view import BoardView, nominal_ms
from streams.core.calendars import Calendar
from streams.core.reading import Reading

OPERATING_DAY: Final = "operating_day"
_MINUTE_MS: Final = 60_000


def burn_rate(budget: float, period_ms: float, long_ms: float) -> float:
    """Returns the burn that uses up a part of the budget within a window."""
    return budget * period_ms / long_ms


def greatest_burn(objective: float) -> float:
    """Returns the burn of nothing but bad contacts."""
    return 1.0 / (1.0 - objective)


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


class Budget:
    """So much of an error budget gone in a long window, and still going in a short one."""

    def __init__(self, rule: Rule, calendar: Calendar | None) -> None:
        assert rule.slo is not None
        assert rule.burn is not None
        self._confidence, self._kpi = rule.guard.confidence, entry_of(rule.slo.kpi)
        self._objective = rule.slo.objective
        period = period_ms(rule.slo.period, calendar)
        burns = sorted(rule.burn, key=lambda burn: -SEVERITIES[burn.severity])
        self._burns = [
            (
                burn,
                burn_rate(burn.budget, period, nominal_ms(burn.long) or 1),
                Reader(self._kpi, rule.guard, rule.stale_after, [burn.long]),
            )
            for burn in burns
        ]

    def __call__(self, view: BoardView, segment: str) -> Verdict:
        """Returns the verdict on one segment; what is shown of it is the worst burn, else any."""
        found = [
            self._look(read(view, segment), view, burn, rate) for burn, rate, read in self._burns
        ]
        judged = [verdict for verdict in found if verdict.data == "ok"]
        if not judged:
            return found[0]
        worst = max(judged, key=lambda verdict: (verdict.raised, verdict.kept))
        return worst._replace(kept=max(verdict.kept for verdict in judged))

    def _look(self, long: Read, view: BoardView, burn: Burn, rate: float) -> Verdict:
        """Returns the verdict of one pair of windows."""
        budget = 1.0 - self._objective
        severity = SEVERITIES[burn.severity]
        edge = self._edge(severity, rate * budget, burn.clear)
        if long.value is None:
            return Verdict(long.data, reading=long.reading, window=burn.long, edges=(edge,))
        bad, whole = self._bad(long.reading)
        slow = bad / whole / budget
        bad_short, short = self._bad(view.read(long.reading.segment, self._kpi.id, burn.short))
        fast = bad_short / short / budget if short else None
        confidence = self._confidence
        raised = (
            min(slow, fast or 0.0) >= rate
            and (confidence is None or share_beyond(bad, whole, rate * budget, "above", confidence))
        )  # fmt: skip
        kept = raised or (slow if fast is None else fast) >= rate * burn.clear
        detail = {
            "burn": round(slow, 2), "rate": round(rate, 2), "short": burn.short,
            "burn_short": None if fast is None else round(fast, 2),
        }  # fmt: skip
        none = Severity.NONE
        return Verdict(
            "ok", severity if raised else none, severity if kept else none,
            long.value, long.reading, burn.long, (edge,), detail,
        )  # fmt: skip

    def _bad(self, reading: Reading) -> tuple[int, int]:
        """Returns how many contacts miss the objective, and of how many."""
        part, whole = reading.part or 0, reading.whole or 0
        return (part if self._kpi.direction == "lower" else whole - part), whole

    def _edge(self, severity: Severity, bad: float, clear: float) -> Edge:
        """Returns the limits in units of the KPI."""
        if self._kpi.direction == "lower":
            return Edge(severity, "above", bad, bad * clear)
        return Edge(severity, "below", 1.0 - bad, 1.0 - bad * clear)
