"""Rules about what is to be expected: of earlier weeks, and of the minutes that are left."""

import datetime as dt
from typing import Final

from alerting.core.guards import poisson_lower, poisson_upper
from alerting.core.rules import Rule, Weeks
from alerting.core.verdicts import Edge, Reader, Verdict, edges_of, entry_of, judge
from alerting.core.view import BoardView, Earlier, detailed, length_ms
from streams.core.buckets import QUARTER_MS
from streams.core.calendars import ZONE, Calendar
from streams.core.holidays import NONE, holidays
from streams.core.reading import ENDS_NOW, Reading
from streams.core.windows import LIVE

INTERVAL = "interval"
"""The window of the running quarter hour."""
FRANCE: Final = "FR"
"""Whose holidays are kept in the zone that is the default."""


class Change:
    """A count against the same quarter hours of earlier weeks.

    Raised when it differs by so much, and by more than chance (Poisson) from what is expected.
    """

    def __init__(self, rule: Rule, earlier: Earlier) -> None:
        assert rule.change is not None
        self._rule, self._change, self._earlier = rule, rule.change, earlier
        self._readers = readers(rule)
        self._edges = edges_of(rule.levels.of, None)

    def __call__(self, view: BoardView, segment: str) -> Verdict:
        """Returns the verdict of the shortest window in which enough is expected."""
        edges = self._edges
        verdict = Verdict("missing", edges=edges)
        for window, read in self._readers:
            found = read(view, segment)
            reading = found.reading
            if found.value is None:
                return Verdict(found.data, reading=reading, window=window, edges=edges)
            expected = usual(self._earlier, self._change, view, reading, window)
            if expected is None or expected < self._change.min_baseline:
                verdict = Verdict("few", reading=reading, window=window, edges=edges)
                continue
            return self._judged(found.value, expected, reading)
        return verdict

    def _judged(self, value: float, expected: float, reading: Reading) -> Verdict:
        change, count = value / expected - 1.0, round(value)
        confidence = self._rule.guard.confidence

        def confirm(edge: Edge) -> bool:
            if confidence is None:
                return True
            tail = poisson_upper if edge.side == "above" else poisson_lower
            return tail(count, expected) < 1.0 - confidence

        raised, kept = judge(change, self._edges, confirm)
        detail = {"expected": round(expected, 1), "change": round(change, 3)}
        edges = tuple(
            edge._replace(limit=expected * (1 + edge.limit), clear=expected * (1 + edge.clear))
            for edge in self._edges
        )
        return Verdict("ok", raised, kept, value, reading, reading.window, edges, detail)


class Silence:
    """Nobody came where somebody should have: P(0 | expected) < alpha.

    On a public holiday nobody knows who should: the same weekday of earlier weeks was none.
    """

    def __init__(self, rule: Rule, earlier: Earlier, calendar: Calendar | None = None) -> None:
        assert rule.silence is not None
        self._silence, self._earlier = rule.silence, earlier
        self._holidays = self._silence.holidays or _holidays(calendar)
        self._readers = readers(rule)
        (self._severity,) = rule.levels.of

    def __call__(self, view: BoardView, segment: str) -> Verdict:
        """Returns the verdict of the shortest window in which zero would be improbable."""
        verdict = Verdict("missing")
        for window, read in self._readers:
            found = read(view, segment)
            if found.value is None:
                return Verdict(found.data, reading=found.reading, window=window)
            if found.value:  # somebody came
                return Verdict("ok", value=found.value, reading=found.reading, window=window)
            expected = self._expected(view, found.reading, window)
            if expected is None or poisson_lower(0, expected) >= self._silence.alpha:
                verdict = Verdict("few", reading=found.reading, window=window)
                continue
            detail = {"expected": round(expected, 1)}
            level = self._severity
            return Verdict("ok", level, level, 0, found.reading, window, detail=detail)
        return verdict

    def _expected(self, view: BoardView, reading: Reading, window: str) -> float | None:
        """Returns how many are expected; `None` where a part of the window is a holiday."""
        zone = view.zone
        whose = self._holidays or (FRANCE if zone.name == ZONE else NONE)
        days = map(zone.day_of, (view.now_ms - (length_ms(window) or 0), view.now_ms))
        if any(day in holidays(whose, dt.date.fromordinal(day).year) for day in days):
            return None
        return usual(self._earlier, self._silence, view, reading, window)


def _holidays(calendar: Calendar | None) -> str | None:
    """Returns whose holidays a calendar keeps; none where it has hours for them."""
    if calendar is None:
        return None
    return NONE if calendar.hours.holiday else calendar.hours.holidays


def readers(rule: Rule) -> list[tuple[str, Reader]]:
    """Returns how to read a count, window by window."""
    kpi = entry_of(rule.metric)
    return [(w, Reader(kpi, rule.guard, rule.stale_after, [w])) for w in rule.windows]


def usual(
    earlier: Earlier, weeks: Weeks, view: BoardView, reading: Reading, window: str
) -> float | None:
    """Returns how many are expected in a window that ends now, `None` where nobody can say."""
    length = length_ms(window)
    assert length is not None
    span = view.now_ms - length, view.now_ms
    return earlier.expected(
        view, reading.segment, reading.kpi, span, (weeks.weeks, weeks.min_weeks)
    )


class Projection:
    """The best that a share of the running quarter hour can still become.

    Who waits beyond the answer target is a certain miss; everybody else who waits, and all who may
    still come, are taken to be answered in time. When even that is not enough the interval is lost,
    and what is left of it is the lead.
    """

    def __init__(self, rule: Rule) -> None:
        assert rule.projection is not None
        self._rate_over = rule.projection.rate_over
        kpi = entry_of(rule.metric)
        self._read = Reader(kpi, rule.guard, rule.stale_after, [INTERVAL])
        self._edges = edges_of(rule.levels.of, None)
        self._length_ms = length_ms(self._rate_over) or 0

    def __call__(self, view: BoardView, segment: str) -> Verdict:
        """Returns the verdict on the interval."""
        found, edges = self._read(view, segment), self._edges
        reading = found.reading
        if found.value is None:
            return Verdict(found.data, reading=reading, window=INTERVAL, edges=edges)
        best, detail = self._best(view, reading)
        raised, kept = judge(best, edges, lambda _: True)
        return Verdict("ok", raised, kept, found.value, reading, INTERVAL, edges, detail)

    def _best(self, view: BoardView, reading: Reading) -> tuple[float, dict[str, float]]:
        """Returns the best value, and what it is made of."""
        segment, part, whole = reading.segment, reading.part, reading.whole
        assert part is not None
        assert whole is not None
        waiting = view.read(segment, "waiting", LIVE).value or 0
        beyond = view.beyond(segment) if detailed(view) else 0
        counted = reading.formula.startswith(ENDS_NOW)  # its whole has them already
        left_ms = QUARTER_MS - view.now_ms % QUARTER_MS
        offered = view.read(segment, "offered", self._rate_over).value or 0
        coming = offered * left_ms / self._length_ms
        hopeful, lost = waiting - beyond + coming, 0 if counted else beyond
        best = (part + hopeful) / (whole + hopeful + lost)
        detail = {
            "best": round(best, 3), "waiting": waiting, "beyond": beyond,
            "expected": round(coming, 1), "left_s": left_ms // 1000,
        }  # fmt: skip
        return best, detail
