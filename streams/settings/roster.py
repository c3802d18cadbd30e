"""`people.csv` → the roster, or every mistake in it with its line.

Rows may be appended at any time: they are outside the settings' hash.
"""

import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from streams.core.buckets import Zone
from streams.core.events import millis
from streams.core.roster import BEGINNING_MS, Person, Roster, roster
from streams.core.tables import Columns, Row, date, moment, rows
from streams.settings.shapes import SettingsErrors

COLUMNS: Final = Columns(
    ("id",),
    (
        "alias", "name", "team", "site", "account", "roles", "teams", "lang", "agent_id",
        "targets_ref", "since",
    ),
    strict=True,
)  # fmt: skip
ROLES: Final = ("display", "agent", "supervisor", "manager", "admin")
LANGUAGES: Final = ("en", "fr")
SEPARATOR: Final = ";"
"""Between several roles or teams."""


class RosterMistake(NamedTuple):
    """Something in `people.csv` that cannot stay as it is."""

    line: int
    field: str
    sentence: str


def load_roster(path: Path | None, zone: str) -> Roster | None:
    """Returns the roster that the settings name, `None` where they name none.

    Args:
        path: of `people.csv`.
        zone: the time zone of dates in `since`.

    Raises:
        SettingsErrors: all its mistakes, as FILE:LINE: FIELD: SENTENCE.
    """
    if path is None:
        return None
    found = read(path, zone)
    if isinstance(found, Roster):
        return found
    raise SettingsErrors([f"{path}:{line}: {field}: {sentence}" for line, field, sentence in found])


def read(path: Path, zone: str) -> Roster | list[RosterMistake]:
    """Returns the roster, or every mistake in the file.

    Args:
        path: of `people.csv`.
        zone: the time zone of dates in `since`.
    """
    found: list[RosterMistake] = []
    people: dict[tuple[str, int], tuple[int, Person]] = {}

    def refuse(line: int, field: str, sentence: str) -> None:
        found.append(RosterMistake(line, field, sentence))

    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except OSError as exc:
        return [RosterMistake(1, "file", f"cannot be read: {exc.strerror}")]
    for n, row in rows(lines, COLUMNS, refuse):
        if mistakes := list(_mistakes(row)):
            found += (RosterMistake(n, *mistake) for mistake in mistakes)
            continue
        person = _person(row, Zone(zone))
        first, _ = people.setdefault((person.agent_id, person.since_ms), (n, person))
        if first != n:
            refuse(n, "since", f"{person.agent_id!r} has the same since on line {first}")
    return found or roster(person for _, person in people.values())


def _mistakes(row: Row) -> Iterator[tuple[str, str]]:
    """Yields fields, and what is wrong with them."""
    if not row["id"]:
        yield "id", "is empty"
    for role in _list(row["roles"]):
        if role not in ROLES:
            yield "roles", f"{role!r} is none of {', '.join(ROLES)}"
    if row["lang"] and row["lang"] not in LANGUAGES:
        yield "lang", f"{row['lang']!r} is none of {', '.join(LANGUAGES)}"
    if (since := row["since"]) and not date(since) and not moment(since):
        yield "since", f"{since!r} is neither a date YYYY-MM-DD nor RFC 3339"


def _person(row: Row, zone: Zone) -> Person:
    """Returns what a row without mistakes says."""
    said = {name: unicodedata.normalize("NFC", value) for name, value in row.items()}
    return Person(
        id=said["id"],
        agent_id=said["agent_id"] or said["id"],
        since_ms=_since_ms(said["since"], zone),
        alias=said["alias"],
        name=said["name"],
        team=said["team"],
        site=said["site"],
        account=said["account"],
        roles=_list(said["roles"]),
        teams=_list(said["teams"]),
        lang=said["lang"],
        targets_ref=said["targets_ref"],
    )


def _list(text: str) -> tuple[str, ...]:
    return tuple(value for part in text.split(SEPARATOR) if (value := part.strip()))


def _since_ms(text: str, zone: Zone) -> int:
    if day := date(text):
        return zone.day_start_ms(day.toordinal())
    since = moment(text)
    return BEGINNING_MS if since is None else millis(since)
