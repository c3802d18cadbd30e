"""Opening hours as they are written in `pouls.toml`."""

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from streams.core.calendars import MINUTES, Spans
from streams.settings.check import unknown

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ALWAYS: Final = "always"
"""The name of the calendar that nobody needs to write."""
HOLIDAY: Final = "holiday"
CLOSED: Final = "closed"
Said = str | tuple[str, ...]
"""One span or several, or `closed`."""
_span = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)").fullmatch
_date = re.compile(r"\d{4}-\d\d-\d\d").fullmatch


def spans(said: Said) -> Spans:
    """Returns spans in minutes of their date; an end that is not after its start is on the next.

    Raises:
        ValueError: with a sentence about what is wrong.
    """
    if said == CLOSED:
        return ()
    found = sorted(map(_minutes, [said] if isinstance(said, str) else said))
    for (_, end), (start, _) in pairwise(found):
        if start < end:
            raise ValueError("its spans overlap")
    return tuple(found)


def _minutes(text: str) -> tuple[int, int]:
    found = _span(text)
    if not found:
        raise ValueError(f"{text!r} is not like '08:00-22:00', nor {CLOSED!r} alone")
    start = int(found[1]) * 60 + int(found[2])
    end = int(found[3]) * 60 + int(found[4]) if found[3] else MINUTES
    return start, end if start < end else end + MINUTES


def weekdays(said: str) -> Sequence[int]:
    """Returns the weekdays of `sat` or `mon-fri`, Monday = 0; those of `fri-mon` pass Sunday.

    Raises:
        ValueError: with a sentence about what is wrong.
    """
    first, _, last = said.partition("-")
    for name in (first, last or first):
        if name not in DAYS:
            raise ValueError(unknown(name, (*DAYS, HOLIDAY), "day"))
    begin, end = DAYS.index(first), DAYS.index(last or first)
    return [day % 7 for day in range(begin, end + 1 if begin <= end else end + 8)]


def date(said: str) -> int:
    """Returns the ordinal of a date.

    Raises:
        ValueError: with a sentence about what is wrong.
    """
    try:
        return dt.date.fromisoformat(said if _date(said) else "").toordinal()
    except ValueError:
        raise ValueError("is no date YYYY-MM-DD") from None


def week(said: Mapping[str, Said]) -> tuple[Spans, ...]:
    """Returns the spans of each weekday, Monday first, of a table without mistakes."""
    of = {day: spans(text) for key, text in said.items() if key != HOLIDAY for day in weekdays(key)}
    return tuple(of.get(day, ()) for day in range(7))


def mistakes(said: Mapping[str, Said]) -> Iterator[tuple[str, str]]:
    """Yields keys of a table of weekdays, and what is wrong with them."""
    taken: dict[int, str] = {}
    for key, text in said.items():
        try:
            spans(text)
            for day in weekdays(key) if key != HOLIDAY else ():
                if day in taken:
                    raise ValueError(f"{DAYS[day]} is in {taken[day]!r}, too")  # noqa: TRY301
                taken[day] = key
        except ValueError as exc:
            yield key, str(exc)
