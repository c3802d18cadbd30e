"""`GET /api/v1/agents`: what agents do now, for those who name them or their team."""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Protocol

import msgspec

from api.params import Params
from api.segments import People
from streams.core import names
from streams.core.agents.now import AgentNow
from streams.core.buckets import iso
from streams.core.errors import BadName
from streams.core.reading import Reading

KNOWN: Final = ("team", "agent")
WHY: Final = "what single agents do is private: name either teams or agents"
ANY_LIVE: Final = "agents_staffed"
"""A KPI whose reading says how fresh a segment's agents are."""


class Query(NamedTuple):
    """What is asked for: one of both."""

    teams: list[str]
    agents: list[str]


class Readable(People, Protocol):
    """What is needed of a Board."""

    now_ms: int

    def read(self, segment: str, kpi: str, window: str) -> Reading:
        """Returns one reading."""


def parse(query: str) -> Query:
    """Returns what a query string asks for.

    Raises:
        BadRequest: everything that is wrong with it.
    """
    params = Params(query, KNOWN)
    teams, agents = (params.each(name, _name) for name in KNOWN)
    if not (teams or agents or params.mistakes):
        params.bad("team", WHY)
    elif teams and agents:
        params.bad("agent", WHY)
    params.check()
    return Query([unicodedata.normalize("NFC", team) for team in teams], agents)


def _name(text: str) -> str:
    if "*" in text:
        raise BadName(f"{text!r}: {WHY}")
    return text


def answer(query: Query, board: Readable) -> bytes:
    """Returns the answer's body: as fresh as the stalest source, agents by their ids."""
    found: dict[str, AgentNow] = {}
    segments = []
    for team in query.teams:
        segments.append(names.part("team", team))
        found.update((now.agent, now) for now in board.agents(team=team))
    for agent in query.agents:
        segments.append(names.part("agent", agent))
        found.update((now.agent, now) for now in board.agents(agent=agent))
    return msgspec.json.encode(
        {
            "as_of": _time(_as_of(segments, board)),
            "now": iso(board.now_ms),
            "agents": [_entry(found[agent]) for agent in sorted(found)],
        }
    )


def _as_of(segments: Iterable[str], board: Readable) -> int | None:
    times = [board.read(segment, ANY_LIVE, "live").as_of_ms for segment in segments]
    known: Sequence[int] = [ms for ms in times if ms is not None]
    return min(known) if len(known) == len(times) else None


def _entry(now: AgentNow) -> dict[str, object]:
    return {
        "agent": now.agent,
        "state": now.state,
        "since": _time(now.since_ms),
        "reason": now.reason,
        "team": now.team,
        "activity": now.activity,
        "next_break": _time(now.next_break_ms),
        "out_of_adherence_since": _time(now.out_since_ms),
    }


def _time(ms: int | None) -> str | None:
    return None if ms is None else iso(ms)
