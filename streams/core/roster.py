"""Who the people are, and in which team and at which site at which time.

Pure: `streams.settings.roster` reads it from `people.csv`. A person has a row for every time at
which something changed; of an agent that row holds at a moment whose `since` is the latest one up
to then. Before an agent's first row nothing is known.
"""

import unicodedata
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

BEGINNING_MS = -(2**53)
"""Stands for no `since`: from the beginning."""


class Person(msgspec.Struct, frozen=True):
    """A row: what holds of somebody from a moment on. Empty texts say nothing."""

    id: str
    agent_id: str
    """As events name the agent."""
    since_ms: int = BEGINNING_MS
    alias: str = ""
    """What walls may show."""
    name: str = ""
    team: str = ""
    site: str = ""
    account: str = ""
    """By which the person signs in."""
    roles: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    """Whose numbers the person may see, besides those of the own one."""
    lang: str = ""
    targets_ref: str = ""
    """Where alerts for the person go, by the name of a setting."""


class Roster(msgspec.Struct, frozen=True):
    """All people."""

    agents: Mapping[str, tuple[Person, ...]] = {}
    """By the agent's id, from the earliest row on."""
    people: Mapping[str, Person] = {}
    """By the person's id, the latest row."""

    def place(self, agent_id: str, ms: int) -> tuple[str | None, str | None]:
        """Returns the team and the site of an agent at a moment; `None` where none is known."""
        rows = self.agents.get(_nfc(agent_id), ())
        i = bisect_right(rows, ms, key=_since)
        return (rows[i - 1].team or None, rows[i - 1].site or None) if i else (None, None)

    def __contains__(self, agent_id: str) -> bool:
        """Whether an agent has a row, of whatever time."""
        return _nfc(agent_id) in self.agents

    def alias(self, person_id: str) -> str | None:
        """Returns what walls may show of a person."""
        person = self.people.get(_nfc(person_id))
        return None if person is None else person.alias or None

    def name(self, person_id: str) -> str | None:
        """Returns the name of a person."""
        person = self.people.get(_nfc(person_id))
        return None if person is None else person.name or None

    def teams(self) -> tuple[str, ...]:
        """Returns the teams that somebody is or was in, sorted."""
        return tuple(sorted({p.team for rows in self.agents.values() for p in rows if p.team}))


def roster(rows: Iterable[Person]) -> Roster:
    """Returns the roster that rows make; no two of one agent begin at the same moment."""
    agents: defaultdict[str, list[Person]] = defaultdict(list)
    people: dict[str, Person] = {}
    for row in sorted(rows, key=_since):
        agents[row.agent_id].append(row)
        people[row.id] = row
    return Roster({agent: tuple(own) for agent, own in agents.items()}, people)


def _since(person: Person) -> int:
    return person.since_ms


def _nfc(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)
