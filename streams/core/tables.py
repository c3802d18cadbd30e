"""Small tables that people write: CSV in UTF-8 with a header, columns by name, in any order.

Each line is parsed for itself: a quotation mark that is never closed spoils its own line only, and
the numbers of lines are those of an editor.
"""

import codecs
import csv
import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

_date = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII).fullmatch
_moment = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
).fullmatch
FIRST: Final = dt.date(1900, 1, 1)
LAST: Final = dt.date(9998, 12, 31)
"""Days between them can be put into any time zone."""
Row = dict[str, str]
"""A line's values, without spaces around them, by the name of their column."""
Refuse = Callable[[int, str, str], None]
"""Is told of what is refused: the number of the line, from 1, the field, and what is wrong."""


class Columns(NamedTuple):
    """What a header may name."""

    required: tuple[str, ...]
    optional: tuple[str, ...]
    strict: bool = False
    """Whether a column that is neither is a mistake; else it is passed over."""


class _Refused(Exception):
    """A line that cannot be taken: the field, and what is wrong with it."""


def rows(lines: Iterable[bytes], columns: Columns, refuse: Refuse) -> Iterator[tuple[int, Row]]:
    """Yields the lines below the header, each with all columns; what a header lacks is empty.

    Nothing is yielded under a header that is refused. Empty lines are passed over.
    """
    header: list[str] = []
    for n, line in enumerate(lines, 1):
        try:
            values = _values(line.removeprefix(codecs.BOM_UTF8) if n == 1 else line)
            if not any(values):
                continue
            if header:
                yield n, _row(header, values, columns)
            else:
                header = _header(values, columns)
        except _Refused as exc:
            refuse(n, *exc.args)
            if not header:
                return


def _values(line: bytes) -> list[str]:
    try:
        found = csv.reader([line.decode().rstrip("\r\n")], strict=True)
        return [value.strip() for values in found for value in values]
    except UnicodeDecodeError as exc:
        raise _Refused("line", f"is not UTF-8 from byte {exc.start + 1} on") from None
    except csv.Error as exc:
        raise _Refused("line", f"is not CSV: {exc}") from None


def _header(values: list[str], columns: Columns) -> list[str]:
    header = [value.lower() for value in values]
    if missing := [c for c in columns.required if c not in header]:
        raise _Refused("header", f"does not name the columns {', '.join(missing)}")
    if twice := sorted({c for c in header if c and header.count(c) > 1}):
        raise _Refused("header", f"names twice the columns {', '.join(twice)}")
    known = (*columns.required, *columns.optional)
    if columns.strict and (others := [repr(c) for c in header if c not in known]):
        raise _Refused("header", f"names {', '.join(others)}; there are {', '.join(known)}")
    return header


def _row(header: list[str], values: list[str], columns: Columns) -> Row:
    if len(values) != len(header):
        raise _Refused("line", f"{len(values)} values under {len(header)} columns")
    return dict.fromkeys(columns.optional, "") | dict(zip(header, values, strict=True))


# -- values


def date(text: str) -> dt.date | None:
    """Returns the date that YYYY-MM-DD is, `None` where a text is none."""
    try:
        day = dt.date.fromisoformat(text) if _date(text) else None
    except ValueError:
        return None
    return day if day and FIRST <= day <= LAST else None


def moment(text: str) -> dt.datetime | None:
    """Returns the instant that RFC 3339 is, `None` where a text is none."""
    try:
        found = dt.datetime.fromisoformat(text.upper()) if _moment(text) else None
    except ValueError:
        return None
    return found if found and FIRST <= found.date() <= LAST else None
