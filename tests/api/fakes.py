"""A board whose readings a test sets by hand."""

from streams.core.agents.now import AgentNow
from streams.core.names import matches
from streams.core.policy import Target
from streams.core.reading import Reading

SERVICE_LEVEL = Target(low=0.8, warning_low=0.7)
WAITING = Target(high=5.0, warning_high=10.0, minimum_n=0)


def reading(segment: str, kpi: str, window: str, **fields: object) -> Reading:
    """Returns a reading; what the test does not say is "no data"."""
    full: dict[str, object] = {
        "segment": segment, "kpi": kpi, "window": window, "value": None, "n": 0, "part": None,
        "whole": None, "low": None, "high": None, "unit": "contacts", "target": None,
        "status": "none", "formula": "count", "as_of_ms": None, "since_ms": None,
        "provisional": False, "revised": False, "rebuilding": False,
    }  # fmt: skip
    return Reading(**(full | fields))  # type: ignore[arg-type] # fields by name


def person(agent: str, team: str | None) -> AgentNow:
    """Returns an agent who is off duty."""
    return AgentNow(agent, "offline", None, None, team, None, None, None)


class FakeBoard:
    """Says what `values` holds, counts what it is asked."""

    def __init__(self, *names: str) -> None:
        self.now_ms = 0
        self.names = list(names)
        self.people: list[AgentNow] = []
        self.values: dict[tuple[str, str, str], dict[str, object]] = {}
        self.reads: list[tuple[str, str, str]] = []
        self.refusals: dict[str, Exception] = {}
        """Topic → what reading it raises."""

    def put(self, topic: str, kpi: str, **fields: object) -> None:
        """Sets one reading."""
        segment, window = topic.split("@")
        self.values[segment, kpi, window] = fields

    def step(self, now_ms: int) -> None:
        """Moves `now`."""
        self.now_ms = now_ms

    def read(self, segment: str, kpi: str, window: str) -> Reading:
        """Returns what was set."""
        self.reads.append((segment, kpi, window))
        if f"{segment}@{window}" in self.refusals:
            raise self.refusals[f"{segment}@{window}"]
        return reading(segment, kpi, window, **self.values.get((segment, kpi, window), {}))

    def segments(self, pattern: str) -> list[str]:
        """Expands a pattern over `names`."""
        return sorted(name for name in self.names if matches(pattern, name))

    def agents(self, *, team: str | None = None, agent: str | None = None) -> list[AgentNow]:
        """Returns the agents of a team, or one."""
        return [a for a in self.people if agent in (None, a.agent) and team in (None, a.team)]
