"""The record of an investigation: what followed an alert that was more than a moment.

Frozen; goes through msgspec's JSON and back unchanged. Times are Redis TIME in ms unless said.
"""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

Status = Literal[
    "counting", "open", "investigating", "plan_agreed", "in_progress", "verifying", "closed"
]
"""counting = not opened yet: its episodes are counted, because the rule opens one when they repeat.
It is nobody's business until then."""
Result = Literal["", "effective", "not_effective", "no_action"]
Why = Literal["", "severity", "lasts", "repeats", "person"]
Doing = Literal[
    "assign", "investigate", "cause", "action", "done", "plan", "start", "verify", "close", "note"
]
"""What a person can do to it."""
IN_WORK: Final = frozenset({"open", "investigating", "plan_agreed", "in_progress", "verifying"})


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """Something that somebody has promised to do."""

    id: int
    what: str
    who: str
    """Id of a person, or a duty."""
    by_ms: int
    done_ms: int | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to the record."""

    at_ms: int
    what: str
    """`opened`, `episode`, `effective`, `not_effective`, `overdue`, or what a person did."""
    by: str = ""
    """Id of the person; empty = Pouls."""
    note: str = ""


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the measures taken work, as the numbers say."""

    since_ms: int
    """Board time since when quarter hours are looked at."""
    needed: int
    """So many in a row within the target."""
    met: int = 0
    missed: int = 0
    """In all."""
    quarter: int
    """The latest one that was looked at, in quarter hours of Unix time."""
    value: float | None = None
    """Of that one."""


class Investigation(msgspec.Struct, frozen=True, kw_only=True):
    """One record: of one KPI at one segment one at most is in work."""

    id: str
    rule: str
    """That opened it."""
    kpi: str
    segment: str
    template: str
    owner: str
    """A duty, or the id of a person to whom it was given."""
    status: Status = "counting"
    why: Why = ""
    opened_ms: int = 0
    episodes: tuple[str, ...] = ()
    """The latest `EPISODES` of them, oldest first."""
    n_episodes: int = 0
    value: float | None = None
    """When it was opened, as are the four below."""
    target: float | None = None
    threshold: float | None = None
    n: int | None = None
    unit: str = ""
    window: str = ""
    investigate_by_ms: int | None = None
    plan_by_ms: int | None = None
    category: str = ""
    cause: str = ""
    actions: tuple[Action, ...] = ()
    effect: Effect | None = None
    result: Result = ""
    closed_ms: int | None = None
    history: tuple[Entry, ...] = ()
    """The latest `ENTRIES`."""
    reminded_day: int = 0
    """The date, by its ordinal, on which its owner was last told that something is overdue."""


EPISODES: Final = 50
ENTRIES: Final = 200


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person does to an investigation; the fields that each kind needs are not empty."""

    do: Doing
    owner: str = ""
    """assign."""
    category: str = ""
    """cause, besides `text`."""
    text: str = ""
    """cause, action (what is to be done), note."""
    who: str = ""
    """action."""
    by_ms: int | None = None
    """action."""
    action: int | None = None
    """done: the action's id."""
    result: Result = ""
    """close."""


Records = Mapping[str, Investigation]
"""By id."""


def noted(record: Investigation, entry: Entry, **changes: object) -> Investigation:
    """Returns a record with changes, and what happened to it written down."""
    history = (*record.history, entry)[-ENTRIES:]
    return msgspec.structs.replace(record, history=history, **changes)
