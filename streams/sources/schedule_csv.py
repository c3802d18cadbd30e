"""Plans as a table, an activity a line.

The lines of one agent, date and revision make one `agent.schedule`, so the file is read whole.
"""

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from typing import Final

from streams.core.errors import LineRefused, RefuseLine
from streams.core.events import millis
from streams.core.instants import FIRST_DAY, LAST_DAY, instant
from streams.core.tables import Columns, Row, date, moment, rows
from streams.sources.plans import (
    SWITCH,
    Activity,
    Key,
    event,
    refusal,
    zone_named,
)
from streams.sources.source import Run, Source

NAME: Final = "schedule-csv"
COLUMNS: Final = Columns(
    ("agent", "date", "start", "end", "activity"), ("productive", "tracked", "revision")
)
"""Without the last three, and where they are empty: true, true, 0. Others are passed over."""
DAY: Final = dt.timedelta(days=1)
_clock = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?", re.ASCII).fullmatch
_number = re.compile(r"\d{1,15}", re.ASCII).fullmatch


class _Plan:
    """What the lines of one plan say."""

    def __init__(self, line: int) -> None:
        self.line = line
        """The first of them."""
        self.day_off = 0
        """The line that says that there is nothing; 0 = none does."""
        self.activities: list[Activity] = []


def read(lines: Iterable[bytes], run: Run, refuse: RefuseLine) -> Iterator[tuple[int, bytes]]:
    """Yields the plans of a file, in the order of their first lines."""
    plans: dict[Key, _Plan] = {}
    for n, row in rows(lines, COLUMNS, lambda n, field, why: refuse(n, f"{field}: {why}")):
        try:
            _take(plans, n, row, run.zone)
        except LineRefused as exc:
            refuse(n, str(exc))
    for key, plan in plans.items():
        activities = sorted(plan.activities)
        if found := _contradiction(plan) or refusal(activities):
            refuse(found[0], f"plan: {key} is refused: {found[1]}")
        else:
            yield plan.line, event(NAME, key, activities, run)


SOURCE = Source(NAME, None, read, local=True)


def _take(plans: dict[Key, _Plan], n: int, row: Row, zone: str) -> None:
    """Adds a line to its plan."""
    key = Key(_said(row, "agent"), _day(row), _revision(row))
    day_off = not (row["start"] or row["end"] or row["activity"])
    activity = None if day_off else _activity(n, row, key.date, zone)
    plan = plans.setdefault(key, _Plan(n))
    if day_off:
        plan.day_off = n
    elif activity:
        plan.activities.append(activity)


def _contradiction(plan: _Plan) -> tuple[int, str] | None:
    if not plan.day_off or not plan.activities:
        return None
    line = plan.activities[0].line
    said = f"line {plan.day_off} says day off, line {line} an activity"
    return max(plan.day_off, line), said


# -- fields


def _said(row: Row, field: str) -> str:
    if not row[field]:
        raise LineRefused(field, "is empty")
    return row[field]


def _day(row: Row) -> dt.date:
    text = _said(row, "date")
    day = date(text)
    if day is None:
        raise LineRefused("date", f"{text!r} is no date YYYY-MM-DD")
    if not FIRST_DAY <= day <= LAST_DAY:
        raise LineRefused("date", f"{text} is not between {FIRST_DAY} and {LAST_DAY}")
    return day


def _revision(row: Row) -> int:
    text = row["revision"]
    if text and not _number(text):
        raise LineRefused("revision", f"{text!r} is no whole number")
    return int(text or 0)


def _switch(row: Row, field: str) -> bool:
    text = row[field].lower() or "true"
    if text not in SWITCH:
        raise LineRefused(field, f"{row[field]!r} is none of {', '.join(SWITCH)}")
    return SWITCH[text]


def _activity(n: int, row: Row, day: dt.date, zone: str) -> Activity | None:
    """Returns what a line says; `None` where all of it lies in the hour that the clock skips."""
    start, end = _time(row, "start"), _time(row, "end")
    name, switches = _said(row, "activity"), (_switch(row, "productive"), _switch(row, "tracked"))
    if isinstance(start, dt.time) and isinstance(end, dt.time):
        info = zone_named(zone).info
        start_ms = instant(dt.datetime.combine(day, start, info))
        end_ms = instant(dt.datetime.combine(day if start < end else day + DAY, end, info))
        return Activity(start_ms, end_ms, n, name, *switches) if start_ms < end_ms else None
    if isinstance(start, dt.datetime) and isinstance(end, dt.datetime):
        return Activity(millis(start), millis(end), n, name, *switches)
    raise LineRefused("end", "is not written like start: both HH:MM[:SS], or both RFC 3339")


def _time(row: Row, field: str) -> dt.time | dt.datetime:
    text = _said(row, field)
    if found := _clock(text):
        return dt.time(int(found[1]), int(found[2]), int(found[3] or 0))
    if said := moment(text):
        return said
    raise LineRefused(field, f"{text!r} is neither HH:MM[:SS] nor RFC 3339")
