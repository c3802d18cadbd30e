"""Query parameters: lists by comma or repetition, and every mistake of a request told at once."""

import datetime as dt
import re
from collections.abc import Callable, Collection, Hashable
from typing import Final, TypeVar
from urllib.parse import parse_qsl

import msgspec

from streams.core.buckets import Zone
from streams.core.errors import BadName
from streams.core.names import DIMENSIONS

T = TypeVar("T", bound=Hashable)

_JOINT: Final = re.compile(rf"\+(?=(?:{'|'.join(DIMENSIONS)}):)")
_OFFSET: Final = re.compile(r" (?=\d\d:\d\d$)")
_EPOCH: Final = dt.datetime.fromtimestamp(0, dt.UTC)
_YEARS: Final = range(1970, 9000)
"""Years whose instants every zone can tell."""
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")


class BadParameter(msgspec.Struct, frozen=True):
    """One mistake."""

    name: str
    message: str


class BadRequest(Exception):
    """Everything that is wrong with a request: status 400."""

    def __init__(self, parameters: list[BadParameter]) -> None:
        super().__init__("; ".join(f"{p.name}: {p.message}" for p in parameters))
        self.parameters = parameters


class Params:
    """The parameters of one request, and what was found wrong with them so far."""

    def __init__(self, query: str, known: Collection[str]) -> None:
        """Takes the raw query string.

        A `+` that joins two parts of a segment stays one; elsewhere it is a space, as in every
        query.
        """
        self.mistakes: list[BadParameter] = []
        self._values: dict[str, list[str]] = {}
        for name, value in parse_qsl(_JOINT.sub("%2B", query), keep_blank_values=True):
            self._values.setdefault(name, []).append(value)
        for name in self._values.keys() - set(known):
            self.bad(name, f"unknown parameter; known are {', '.join(known)}")

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def bad(self, name: str, message: str) -> None:
        """Notes a mistake."""
        self.mistakes.append(BadParameter(name, message))

    def many(self, name: str) -> list[str]:
        """Returns a list's values in the order given, each once; `[]` when it is absent."""
        values = [part.strip() for text in self._values.get(name, ()) for part in text.split(",")]
        if "" in values:
            self.bad(name, "an empty value")
        return list(dict.fromkeys(v for v in values if v))

    def each(self, name: str, parse: Callable[[str], T]) -> list[T]:
        """Returns a list's values as `parse` understands them; what it refuses is a mistake."""
        out: dict[T, None] = {}
        for text in self.many(name):
            try:
                out[parse(text)] = None
            except BadName as error:
                self.bad(name, str(error))
        return list(out)

    def choice(self, name: str, parse: Callable[[str], T]) -> T | None:
        """Returns a single value as `parse` understands it, `None` when there is none."""
        values = self.each(name, parse)
        if len(values) > 1:
            self.bad(name, "only one value is possible")
        return values[0] if values else None

    def moment(self, name: str, zone: Zone) -> int | None:
        """Returns an instant in ms: RFC 3339 with Z or offset, or a date = its local midnight."""
        return self.choice(name, lambda text: _moment(text, zone))

    def check(self) -> None:
        """Raises `BadRequest` when any mistake was found."""
        if self.mistakes:
            raise BadRequest(sorted(self.mistakes, key=lambda m: m.name))


def _moment(text: str, zone: Zone) -> int:
    try:
        if _DATE.fullmatch(text) and int(text[:4]) in _YEARS:
            return zone.day_start_ms(dt.date.fromisoformat(text).toordinal())
        moment = dt.datetime.fromisoformat(_OFFSET.sub("+", text))
        if moment.tzinfo is not None and moment.year in _YEARS:
            return (moment - _EPOCH) // dt.timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        pass
    raise BadName(f"{text!r} is neither a date nor a time such as 2026-11-24T10:15:00Z")
