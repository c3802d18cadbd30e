"""Bodies and parameters: what is wrong with them is told at once, each field by its name."""

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec

from alerting.core.literals import parse_ms
from alerting.core.telling import Matcher
from streams.core import names
from streams.core.buckets import Zone
from streams.core.errors import BadName
from streams.core.events import millis
from streams.core.roster import Roster

T = TypeVar("T")
NOTE: Final = 500
"""Characters of a note."""
PERSON: Final = 64
BODY: Final = 64 * 1024
"""Bytes of a body."""
LIST: Final = 50
"""Rules or segments of a matcher."""
_RULE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_YEARS: Final = range(1970, 9000)
_OFFSET: Final = re.compile(r" (?=\d\d:\d\d$)")
_JOINT: Final = re.compile(rf"\+(?=(?:{'|'.join(names.DIMENSIONS)}):)")
_SEVERITIES: Final = ("warning", "critical")


class BadField(msgspec.Struct, frozen=True):
    """One mistake."""

    name: str
    message: str


class BadFields(Exception):
    """Everything that is wrong with a request: status 400."""

    def __init__(self, fields: Sequence[BadField]) -> None:
        super().__init__("; ".join(f"{f.name}: {f.message}" for f in fields))
        self.fields = list(fields)


class Fields:
    """The fields of one request, and what was found wrong with them so far."""

    def __init__(self, values: Mapping[str, Any], known: Collection[str]) -> None:
        self.mistakes: list[BadField] = []
        self._values = values
        for name in values.keys() - set(known):
            self.bad(name, f"is not known; known are {', '.join(known)}")

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def bad(self, name: str, message: str) -> None:
        """Notes a mistake."""
        self.mistakes.append(BadField(name, message))

    def check(self) -> None:
        """Raises `BadFields` when any mistake was found."""
        if self.mistakes:
            raise BadFields(sorted(self.mistakes, key=lambda m: m.name))

    def parsed(self, name: str, parse: Callable[[Any], T], otherwise: T) -> T:
        """Returns a field as `parse` understands it; what that refuses is a mistake."""
        if name not in self:
            return otherwise
        try:
            return parse(self._values[name])
        except (BadName, ValueError) as error:
            self.bad(name, str(error))
            return otherwise

    def many(self, name: str) -> list[str]:
        """Returns the values of a parameter; `[]` when it is absent."""
        return list(self._values.get(name) or ())

    def severities(self) -> list[str]:
        """Returns the severities that are asked for; `[]` = all."""
        return self.parsed("severity", lambda values: [_severity(v) for v in values], [])

    def rules(self, known: Collection[str]) -> list[str]:
        """Returns the rules that are asked for, which must be known where any are; `[]` = all."""
        return self.parsed("rule", lambda values: [_rule(v, known) for v in values], [])

    # -- what acts have

    def person(self, roster: Roster | None, name: str = "by") -> str:
        """Returns the id of a person: one of people.csv where there is a roster."""
        person = self.parsed(name, _person, "")
        if name not in self:
            self.bad(name, "is missing: who are you?")
        elif person and roster is not None and person not in roster.people:
            self.bad(name, f"nobody in people.csv has the id {person!r}")
        return person

    def note(self, *, needed: bool = False) -> str:
        """Returns a note of at most 500 characters."""
        note = self.parsed("note", _note, "")
        if needed and not note and not any(m.name == "note" for m in self.mistakes):
            self.bad("note", "has no words")
        return note

    def end(self, from_ms: int, most_ms: int) -> int:
        """Returns when something ends that begins at an instant: `until` a time, or `for` so long.

        Args:
            from_ms: When it begins.
            most_ms: How long it may last.
        """
        if ("for" in self) == ("until" in self):
            self.bad("until", "say when it ends: one of `until`, a time, and `for`, such as 30m")
            return from_ms
        name = "until" if "until" in self else "for"
        until_ms = (
            self.parsed(name, moment, from_ms + 1)
            if name == "until"
            else from_ms + self.parsed(name, parse_ms, 1)
        )
        if until_ms <= from_ms:
            self.bad(name, "it ends before it begins")
        elif until_ms - from_ms > most_ms:
            self.bad(name, f"is too long: at most {most_ms // 86_400_000} days")
        return until_ms

    def matcher(self, rules: Collection[str]) -> Matcher:
        """Returns which alerts are meant: at least one thing must be said of them."""
        match = self._values.get("match")
        if not isinstance(match, Mapping):
            self.bad("match", "say which alerts: {rules, segments, severity}, one of them at least")
            return Matcher()
        inner = Fields(match, ("rules", "segments", "severity"))
        found = Matcher(
            rules=inner.parsed("rules", lambda v: _each(v, lambda r: _rule(r, rules)), ()),
            segments=inner.parsed("segments", lambda v: _each(v, _segment), ()),
            severity=inner.parsed("severity", _severity, None),
        )
        for mistake in inner.mistakes:
            self.bad(f"match.{mistake.name}", mistake.message)
        if found == Matcher() and not inner.mistakes:
            self.bad("match", "says nothing: it would silence everything")
        return found


def body(raw: bytes, known: Collection[str]) -> Fields:
    """Returns the fields of a JSON body.

    Raises:
        BadFields: it is no JSON object.
    """
    try:
        values = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadFields([BadField("body", f"is no JSON: {error}")]) from error
    if not isinstance(values, dict):
        raise BadFields([BadField("body", "is no JSON object")])
    return Fields(values, known)


def query(text: str, known: Collection[str]) -> Fields:
    """Returns the parameters of a query string; each is a list, by comma or by repetition.

    A `+` that joins two parts of a segment stays one; elsewhere it is a space.
    """
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(_JOINT.sub("%2B", text), keep_blank_values=True):
        parts = (part.strip() for part in value.split(","))
        values.setdefault(name, []).extend(part for part in parts if part)
    return Fields(values, known)


def moment(value: object) -> int:
    """Returns an instant in ms: RFC 3339 with Z or offset.

    Raises:
        ValueError: it is none.
    """
    try:
        when = dt.datetime.fromisoformat(_OFFSET.sub("+", str(value)))
        if isinstance(value, str) and when.tzinfo is not None and when.year in _YEARS:
            return millis(when)
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"{value!r} is no time such as 2026-11-24T10:15:00Z")


def moment_or_date(value: object, zone: Zone) -> int:
    """Returns an instant in ms; a date is its local midnight.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(value, str) and _DATE.fullmatch(value) and int(value[:4]) in _YEARS:
        return zone.day_start_ms(dt.date.fromisoformat(value).toordinal())
    return moment(value)


def one(values: Sequence[str]) -> str:
    """Returns the only value of a parameter.

    Raises:
        ValueError: there are several, or none.
    """
    if len(values) != 1:
        raise ValueError("one value is needed")
    return values[0]


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")  # noqa: TRY004  told like any other mistake
    if any(unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\t" for c in value):
        raise ValueError("has control characters")
    return unicodedata.normalize("NFC", value).strip()


def _person(value: object) -> str:
    person = _text(value)
    if not 0 < len(person) <= PERSON or "\n" in person:
        raise ValueError(f"must be the id of a person, at most {PERSON} characters")
    return person


def _note(value: object) -> str:
    note = _text(value)
    if len(note) > NOTE:
        raise ValueError(f"has {len(note)} characters: at most {NOTE}")
    return note


def _rule(value: object, rules: Collection[str]) -> str:
    rule = _text(value)
    if not _RULE.fullmatch(rule) or (rules and rule not in rules):
        raise ValueError(f"{rule!r} is no rule")
    return rule


def _segment(value: object) -> str:
    return names.parse(_text(value))


def _severity(value: object) -> Any:  # noqa: ANN401  one of the literals
    if value not in _SEVERITIES:
        raise ValueError(f"{value!r} is none of {', '.join(_SEVERITIES)}")
    return value


def _each(values: object, parse: Callable[[object], T]) -> tuple[T, ...]:
    if not isinstance(values, list) or not 0 < len(values) <= LIST:
        raise ValueError(f"must be a list of 1 to {LIST}")
    return tuple(dict.fromkeys(map(parse, values)))
