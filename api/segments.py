"""Segments as a client may ask for them: single agents only by their names, or by their team's.

`team:T/agent:*` means the agents who are in team T now. Any other star for agents is refused: what
one agent does is for those who know whom they ask for, and is never listed.
"""

from collections.abc import Callable, Iterable
from typing import Final, Protocol

from streams.core import names
from streams.core.agents.now import AgentNow
from streams.core.errors import BadName

OF_TEAM: Final = "/agent:*"
"""Ends a pattern that means the agents of a team."""
ANY_AGENT: Final = "agent:*"
HOW: Final = (
    "what single agents do is private: name the agent (agent:A) or the team (team:T/agent:*)"
)


class People(Protocol):
    """What is needed of a Board."""

    def agents(self, *, team: str | None = None, agent: str | None = None) -> list[AgentNow]:
        """Returns the agents of a team, or one, as they are now."""


def parse(text: str) -> str:
    """Returns a segment or a pattern in its one canonical form.

    Raises:
        BadName: no such thing, or agents whom nobody names; the text says how to ask.
    """
    if text.endswith(OF_TEAM):
        team = names.parse(text.removesuffix(OF_TEAM))
        if names.dimensions(team) != ("team",) or "*" in team:
            raise BadName(f"{text!r} does not name one team: {HOW}")
        return team + OF_TEAM
    segment = names.parse(text)
    if ANY_AGENT in segment.split("+"):
        raise BadName(f"{text!r}: {HOW}")
    return segment


def kind(pattern: str) -> str:
    """Returns a pattern of the dimensions that the meant segments have."""
    return ANY_AGENT if pattern.endswith(OF_TEAM) else pattern


def expand(pattern: str, people: People, known: Callable[[str], Iterable[str]]) -> Iterable[str]:
    """Returns the segments that a pattern means now.

    Args:
        pattern: As `parse` returned it.
        people: Who the agents of a team are.
        known: Returns the segments that any other pattern means.
    """
    if not pattern.endswith(OF_TEAM):
        return known(pattern)
    team = names.value_of(pattern.removesuffix(OF_TEAM), "team")
    return dict.fromkeys(names.part("agent", now.agent) for now in people.agents(team=team))
