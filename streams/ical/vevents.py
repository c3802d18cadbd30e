"""The VEVENTs of a calendar: cut out of the file, parsed one by one, and understood.

Each keeps the line that it begins on, and a bad one takes no other with it. What it is about is
for the reader of the calendar to say: `Understand`.
"""

import codecs
import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Generic, NamedTuple, TypeVar
from urllib.parse import unquote

import icalendar
from icalendar.timezone import tzp

from streams.core.buckets import Zone
from streams.core.errors import LineRefused, RefuseLine
from streams.core.instants import FIRST_DAY, LAST_DAY, instant

What = TypeVar("What")
Understand = Callable[[icalendar.Event, bool], What]
"""A VEVENT, and whether it is cancelled → what it is about. Raises `LineRefused`."""
LINE: Final = "X-POULS-LINE"
"""Ours, while a calendar is expanded: where a VEVENT stands in the file."""
READ: Final = {
    None, "UID", "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID",
    "SEQUENCE", "STATUS", "CATEGORIES", "SUMMARY", "ATTENDEE",
}  # fmt: skip
"""The properties that matter; `None` stands for a line that is no property at all."""
OFTEN: Final = {"SECONDLY", "MINUTELY", "HOURLY"}
"""No plan repeats so; in two months there would be millions."""
MAILTO: Final = "mailto:"
MANY: Final = 10**15
"""Revisions are smaller."""
DAY: Final = dt.timedelta(days=1)


class Block(NamedTuple):
    """A component as it stands in the file."""

    kind: bytes
    line: int
    lines: list[bytes]


class Item(NamedTuple, Generic[What]):
    """A VEVENT that was understood."""

    line: int
    component: icalendar.Event
    uid: str
    recurrence: str
    """Of which repetition it takes the place; empty: of none."""
    what: What
    sequence: int
    cancelled: bool
    start_ms: int
    end_ms: int
    zone: dt.tzinfo
    """In which it repeats at the same time of day."""

    @property
    def repeats(self) -> bool:
        """Whether it stands for more than itself."""
        return "RRULE" in self.component or "RDATE" in self.component


def items(
    lines: Iterable[bytes],
    zone: Zone,
    refuse: RefuseLine,
    understand: Understand[What],
    *,
    whole_days: bool = False,
) -> Iterator[Item[What]]:
    """Yields the VEVENTs that can be understood.

    Args:
        lines: of the file.
        zone: in which times are that do not say theirs.
        refuse: is told of what cannot be understood.
        understand: says what a VEVENT is about.
        whole_days: whether dates will do instead of times: they begin at midnight.
    """
    tzp.use_zoneinfo()  # forgets the time zones that the last file has defined
    events: list[Block] = []
    for block in _blocks(lines, refuse):
        if block.kind == b"VEVENT":
            events.append(block)
        else:
            _define(block, refuse)
    for block in events:
        try:
            yield _item(block, zone, understand, whole_days=whole_days)
        except LineRefused as exc:
            refuse(block.line, str(exc))


def _blocks(lines: Iterable[bytes], refuse: RefuseLine) -> Iterator[Block]:
    """Yields the VEVENTs and VTIMEZONEs of a file."""
    block: Block | None = None
    calendar = False
    for n, line in enumerate(lines, 1):
        text = line.removeprefix(codecs.BOM_UTF8) if n == 1 else line
        word, _, kind = text.rstrip().upper().partition(b":")
        calendar = calendar or (word, kind) == (b"BEGIN", b"VCALENDAR")
        if text.strip() and not calendar:
            refuse(n, "line: is no iCalendar: BEGIN:VCALENDAR comes first")
            return
        if word == b"BEGIN" and kind in {b"VEVENT", b"VTIMEZONE"}:
            _unfinished(block, refuse)
            block = Block(kind, n, [])
        if block:
            block.lines.append(text)
            if (word, kind) == (b"END", block.kind):
                yield block
                block = None
    _unfinished(block, refuse)


def _unfinished(block: Block | None, refuse: RefuseLine) -> None:
    if block:
        refuse(block.line, f"{block.kind.decode()}: has no END")


def _define(block: Block, refuse: RefuseLine) -> None:
    """Makes a time zone known to the parser."""
    try:
        icalendar.Timezone.from_ical(b"".join(block.lines))
    except Exception as exc:  # noqa: BLE001  whatever the library finds in a strange file
        refuse(block.line, f"VTIMEZONE: cannot be understood: {exc}")


def _item(
    block: Block, zone: Zone, understand: Understand[What], *, whole_days: bool
) -> Item[What]:
    """Returns what a VEVENT says.

    Raises:
        LineRefused: it cannot be understood.
    """
    component = _component(block)
    _check_repetition(component)
    if whole_days:
        _end_with_the_day(component)
    _localise(component, zone, whole_days=whole_days)
    cancelled = str(component.get("STATUS", "")).upper() == "CANCELLED"
    start, end = _times(component, cancelled=cancelled)
    start_ms, end_ms = instant(start), instant(end)
    if end_ms <= start_ms and not cancelled:
        raise LineRefused("DTEND", "is not after DTSTART")
    recurrence = component.get("RECURRENCE-ID")
    return Item(
        line=block.line,
        component=component,
        uid=str(component.get("UID", "")),
        recurrence="" if recurrence is None else str(recurrence.dt),
        what=understand(component, cancelled),
        sequence=_sequence(component),
        cancelled=cancelled,
        start_ms=start_ms,
        end_ms=end_ms,
        zone=start.tzinfo or zone.info,
    )


def _component(block: Block) -> icalendar.Event:
    text = b"".join(block.lines)
    try:
        text.decode()
        component = icalendar.Event.from_ical(text)
    except UnicodeDecodeError:
        raise LineRefused("VEVENT", "is not UTF-8") from None
    except Exception as exc:
        raise LineRefused("VEVENT", f"cannot be understood: {exc}") from exc
    if not isinstance(component, icalendar.Event):
        raise LineRefused("VEVENT", "cannot be understood")
    for name, reason in component.errors:
        if name in READ:
            raise LineRefused(name or "VEVENT", reason)
    component.add(LINE, str(block.line))
    return component


def _check_repetition(component: icalendar.Event) -> None:
    for name in ("RRULE", "RECURRENCE-ID"):
        if len(values(component, name)) > 1:
            raise LineRefused(name, "stands twice")
    for rule in values(component, "RRULE"):
        if often := OFTEN.intersection(map(str.upper, rule.get("FREQ", ()))):
            raise LineRefused("RRULE", f"FREQ={min(often)}: plans repeat daily at most")
        if min(rule.get("INTERVAL", ()), default=1) < 1:  # it would never end
            raise LineRefused("RRULE", "INTERVAL is less than 1")


def _times(component: icalendar.Event, *, cancelled: bool) -> tuple[dt.datetime, dt.datetime]:
    """Returns start and end; only what is cancelled may do without an end."""
    if not cancelled and "DTEND" not in component and "DURATION" not in component:
        raise LineRefused("DTEND", "is missing, and so is DURATION")
    try:
        times = component.start, component.start if cancelled else component.end
    except ValueError as exc:
        raise LineRefused("DTSTART", str(exc)) from exc
    start, end = times
    if not isinstance(start, dt.datetime) or not isinstance(end, dt.datetime):
        raise LineRefused("DTSTART", "is a whole day; an activity begins and ends at a time")
    if not FIRST_DAY <= start.date() <= end.date() + DAY <= LAST_DAY:
        raise LineRefused("DTSTART", f"is not between {FIRST_DAY} and {LAST_DAY}, before its end")
    return start, end


def _localise(component: icalendar.Event, zone: Zone, *, whole_days: bool) -> None:
    """Puts floating times into the run's zone, and dates at their midnight if they will do."""

    def put(name: str, tzid: str | None, time: dt.datetime) -> dt.datetime:
        if time.tzinfo is None and tzid is not None:
            raise LineRefused(name, f"the time zone {tzid!r} is not known")
        return time if time.tzinfo else time.replace(tzinfo=zone.info)

    def midnight(date: dt.date) -> dt.date:
        return dt.datetime.combine(date, dt.time(), zone.info)

    change_times(component, put, midnight if whole_days else None)


def _end_with_the_day(component: icalendar.Event) -> None:
    """Gives a date without an end its day (RFC 5545, 3.6.1)."""
    start = getattr(component.get("DTSTART"), "dt", None)
    if isinstance(start, dt.datetime) or not isinstance(start, dt.date):
        return
    if "DTEND" not in component and "DURATION" not in component:
        component.add("DURATION", DAY)


def change_times(
    component: icalendar.Event,
    change: Callable[[str, str | None, dt.datetime], dt.datetime],
    change_date: Callable[[dt.date], dt.date] | None = None,
) -> None:
    """Changes every time in a VEVENT, given the property's name and TZID, and perhaps dates."""
    for name in ("DTSTART", "DTEND", "RECURRENCE-ID", "EXDATE", "RDATE"):
        for value in values(component, name):
            for time in getattr(value, "dts", [value]):
                parts = time.dt if isinstance(time.dt, tuple) else (time.dt,)
                changed = list(parts)
                for i, part in enumerate(parts):
                    if isinstance(part, dt.datetime):
                        changed[i] = change(name, value.params.get("TZID"), part)
                    elif isinstance(part, dt.date) and change_date:
                        changed[i] = change_date(part)
                time.dt = tuple(changed) if isinstance(time.dt, tuple) else changed[0]


def _sequence(component: icalendar.Event) -> int:
    sequence = component.get("SEQUENCE", 0)
    if not isinstance(sequence, int) or not 0 <= sequence < MANY:
        raise LineRefused("SEQUENCE", f"{sequence} is no whole number from 0 on")
    return int(sequence)


def values(component: icalendar.Event, name: str) -> list[Any]:
    """Returns every value of a property, however often it stands there."""
    found = component.get(name, [])
    return found if isinstance(found, list) else [found]


def mailed_to(component: icalendar.Event) -> list[str]:
    """Returns the mail addresses of those who attend."""
    addresses = [str(address).strip() for address in values(component, "ATTENDEE")]
    return [unquote(a[len(MAILTO) :]) for a in addresses if a.lower().startswith(MAILTO)]
