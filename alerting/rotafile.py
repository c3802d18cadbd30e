"""Calendar files → a rota, or every mistake in them with its line."""

import difflib
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import icalendar

from alerting.rota import CHECKED_MS, People, Rota
from streams.core.buckets import Zone
from streams.core.errors import LineRefused
from streams.core.roster import Roster
from streams.ical import Series, items, mailed_to, series_of
from streams.settings import SettingsErrors

SEPARATOR: Final = ";"
"""Between several people in a SUMMARY, as in people.csv."""


def load_rota(
    path: Path, people: Roster, zone: str, now_ms: int, overrides: Path | None = None
) -> Rota:
    """Returns the rota of a file.

    Args:
        path: of the calendar.
        people: who there is.
        zone: the time zone of times and dates that do not say theirs.
        now_ms: from when on repetitions are tried.
        overrides: the calendar whose shifts go before those of the first.

    Raises:
        SettingsErrors: all mistakes in both, as FILE:LINE: FIELD: SENTENCE.
    """
    names, complaints = _Names(people), list[str]()
    shifts = _read(path, names, zone, now_ms, complaints)
    if not shifts and not complaints:
        complaints.append(f"{path}:1: VEVENT: there is none, so nobody would ever be on call")
    instead = _read(overrides, names, zone, now_ms, complaints) if overrides else []
    if complaints:
        raise SettingsErrors(complaints)
    return Rota(shifts, instead)


def _read(
    path: Path, names: "_Names", zone: str, now_ms: int, complaints: list[str]
) -> list[Series[People]]:
    """Returns the shifts of a file, and adds its mistakes to the complaints."""
    refused: list[tuple[int, str]] = []
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except (OSError, ValueError) as exc:  # a name with NUL in it is no name
        complaints.append(
            f"{path}:1: file: cannot be read: {getattr(exc, 'strerror', None) or exc}"
        )
        return []

    def refuse(line: int, sentence: str) -> None:
        refused.append((line, sentence))

    understood = items(lines, Zone(zone), refuse, names.of, whole_days=True)
    found = series_of(understood, refuse)
    for series in found:
        try:
            series.between(now_ms, now_ms + CHECKED_MS)
        except LineRefused as exc:
            refuse(series.line, str(exc))
    complaints += (f"{path}:{line}: {sentence}" for line, sentence in sorted(refused))
    return found


class _Names:
    """Who is meant in a calendar."""

    def __init__(self, people: Roster) -> None:
        self._ids = frozenset(people.people)
        self._accounts = {p.account.casefold(): p.id for p in people.people.values() if p.account}

    def of(self, component: icalendar.Event, cancelled: bool) -> People:
        """Returns who is on a shift; it does not matter who would have been on one.

        Raises:
            LineRefused: it is nobody, or somebody who is not in people.csv.
        """
        said = dict(self._said(component))
        if cancelled:
            return tuple(id_ for id_ in said.values() if id_)
        if not said:
            raise LineRefused("person", "there is neither an ATTENDEE with mailto: nor a SUMMARY")
        if unknown := [self._complaint(name) for name, id_ in said.items() if id_ is None]:
            raise LineRefused("person", "; ".join(unknown))
        return tuple(dict.fromkeys(id_ for id_ in said.values() if id_))

    def _said(self, component: icalendar.Event) -> Iterator[tuple[str, str | None]]:
        """Yields names as they stand there, and the ids that they mean."""
        if mails := mailed_to(component):
            for mail in mails:
                yield mail, self._accounts.get(mail.casefold()) or self._id(mail.partition("@")[0])
            return
        for part in str(component.get("SUMMARY", "")).split(SEPARATOR):
            if name := part.strip():
                yield name, self._id(name)

    def _id(self, name: str) -> str | None:
        composed = unicodedata.normalize("NFC", name)
        return composed if composed in self._ids else None

    def _complaint(self, name: str) -> str:
        close = difflib.get_close_matches(name.partition("@")[0], sorted(self._ids), 1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        return f"{name!r} is no id in people.csv{hint}"
