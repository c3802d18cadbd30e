"""What single agents do: in a list only for those who name the agent or the team."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from alerting.shown import is_private
from streams.core import names
from streams.core.errors import BadName

OF_TEAM: Final = "/agent:*"
"""Ends a pattern that means the agents who are in a team now."""
HOW: Final = (
    "what single agents do is private: name the agent (agent:A) or the team (team:T/agent:*)"
)


class Wanted(NamedTuple):
    """Which segments are asked for."""

    patterns: tuple[str, ...]
    teams: tuple[str, ...]
    """Whose agents are asked for."""

    def pick(self, agents: Callable[[str], Sequence[str]]) -> Callable[[str], bool]:
        """Returns what tells of a segment whether it is asked for; of agents only by name.

        Args:
            agents: Returns who is in a team now.
        """
        if not self.patterns and not self.teams:
            return lambda segment: not is_private(segment)
        named = {names.part("agent", a) for team in self.teams for a in agents(team)}
        return lambda segment: (
            segment in named or any(names.matches(p, segment) for p in self.patterns)
        )


ALL: Final = Wanted((), ())


def parse(values: Sequence[str]) -> Wanted:
    """Returns which segments are asked for; none = all that are not private.

    Raises:
        BadName: no segment, or agents whom nobody names.
    """
    patterns, teams = [], []
    for value in values:
        if value.endswith(OF_TEAM):
            team = names.parse(value.removesuffix(OF_TEAM))
            if names.dimensions(team) != ("team",) or "*" in team:
                raise BadName(f"{value!r} does not name one team: {HOW}")
            teams.append(names.value_of(team, "team") or "")
            continue
        pattern = names.parse(value)
        if "agent:*" in pattern.split("+"):
            raise BadName(f"{value!r}: {HOW}")
        patterns.append(pattern)
    return Wanted(tuple(patterns), tuple(teams))
