"""Query parameters: lists by comma or repetition, and every mistake of a request told at once."""

import datetime as dt
import re
from collections.abc import Collection
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from streams.core.buckets import Zone
from streams.core.names import DIMENSIONS

_JOINT: Final = re.compile(rf"\+(?=(?:{'|'.join(DIMENSIONS)}):)")
_OFFSET: Final = re.compile(r" (?=\d\d:\d\d$)")
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

    def bad(self, name: str, message: str) -> None:
        """Notes a mistake."""
        self.mistakes.append(BadParameter(name, message))

    def many(self, name: str) -> list[str]:
        """Returns a list's values in the order given, each once; `[]` when it is absent."""
        values = [part.strip() for text in self._values.get(name, ()) for part in text.split(",")]
        if "" in values:
            self.bad(name, "an empty value")
        return list(dict.fromkeys(v for v in values if v))

    def one(self, name: str) -> str | None:
        """Returns a single value, `None` when the parameter is absent."""
        values = self.many(name)
        if len(values) > 1:
            self.bad(name, "only one value is possible")
        return values[0] if values else None

    def moment(self, name: str, zone: Zone) -> int | None:
        """Returns an instant in ms: RFC 3339 with Z or offset, or a date = its local midnight."""
        text = self.one(name)
        if text is None:
            return None
        try:
            return _moment(text, zone)
        except (ValueError, OverflowError):
            self.bad(name, f"{text!r} is neither a date nor a time such as 2026-11-24T10:15:00Z")
            return None

    def check(self) -> None:
        """Raises `BadRequest` when any mistake was found."""
        if self.mistakes:
            raise BadRequest(sorted(self.mistakes, key=lambda m: m.name))


def _moment(text: str, zone: Zone) -> int:
    if _DATE.fullmatch(text):
        return zone.day_start_ms(dt.date.fromisoformat(text).toordinal())
    moment = dt.datetime.fromisoformat(_OFFSET.sub("+", text))
    if moment.tzinfo is None:
        raise ValueError("no offset")
    return (moment - dt.datetime.fromtimestamp(0, dt.UTC)) // dt.timedelta(milliseconds=1)
