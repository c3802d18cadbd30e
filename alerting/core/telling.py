"""What planner, store and senders tell each other: groups, notices, quiet times.

A notice is something to be told to somebody, decided by the leader and stored in the same commit as
what it is about; who that is (`duty:floor` → people → addresses) is found out when it is sent.
Everything here is frozen and goes through msgspec's JSON and back unchanged.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from alerting.core.shapes import Event, Key, Severity

NoticeKind = Literal[
    "fire", "worse", "reminder", "escalation", "resolve", "ack", "unack", "announcement", "test",
]  # fmt: skip
"""fire = something is new in the group; worse = a severity went up; reminder = it still lasts;
escalation = nobody has taken it on, so the next ones are told; announcement = of maintenance, a
coverage gap, an overdue step: free text."""
TOLD = "told"
"""Stands for everybody who was told that any of the items is firing."""


class Next(msgspec.Struct, frozen=True, kw_only=True):
    """Who is told after these, and when, if nobody takes it on: maybe the same ones again."""

    to: tuple[str, ...]
    at_ms: int
    """Redis TIME."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Something to tell."""

    id: str
    """The same decision has the same id, whoever takes it: part of every idempotency key."""
    group: str
    kind: NoticeKind
    to: tuple[str, ...]
    """`duty:NAME/VIA`, `person:ID/VIA`, `supervisor/VIA`, `channel:NAME`, or `TOLD`; VIA is page
    or mail."""
    items: tuple[Event, ...] = ()
    """The latest event of each alert, worst and oldest first."""
    step: int = 0
    """Of the escalation chain."""
    then: Next | None = None
    clock_ms: int
    text: Mapping[str, str] = {}
    """Of an announcement: language → what is said."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One episode in a group."""

    key: Key
    event: Event
    """Its latest event that mattered to people."""
    over: bool = False
    told: Severity = Severity.NONE
    """The worst that anybody was told of it, as far as it still is; NONE = nobody was told."""
    waiting: bool = True
    """Whether the latest event has not been told yet, or must be told again."""
    owed: bool = False
    """Whether somebody was told of it by other groups, of which it may have left some: whoever was
    told that it fires is told its end."""
    muted: bool = False
    """Whether nobody was to be told of it when it was last looked at: silence, inhibition, ..."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Alerts that are told together, and how far telling has come.

    It ends when all its members are over and that has been told.
    """

    id: str
    route: str
    labels: tuple[tuple[str, str], ...] = ()
    """What its members have in common."""
    born_ms: int
    """Redis TIME of the first event: part of the notices' ids."""
    members: Mapping[str, Member] = {}
    """By episode."""
    n: int = 0
    """Notices so far."""
    chain: tuple[Mapping[str, Any], ...] = ()
    """A copy of the chain as it was when the group began: an edit changes no escalation under
    way. `{"notify": [who], "after_ms": after the step before}`; `to` of a route is one step."""
    step: int = 0
    """The next one of the chain: so many have been told."""
    flush_ms: int | None = None
    """When what waits is told (Redis TIME, as all below); `None` = nothing waits."""
    step_ms: int | None = None
    """When the chain goes on; `None` = it is at its end, or nothing told is open and untaken."""
    repeat_ms: int | None = None
    """When it is told again; `None` = the chain is not at its end, or as above."""
    told_ms: int | None = None
    """When anything was last told, other than that somebody has taken it on."""


def coming_next(group: Group) -> Next | None:
    """Returns who is told next if nobody takes it on: the next step, or the last one again."""
    if group.step_ms is not None:
        return Next(to=tuple(group.chain[group.step]["notify"]), at_ms=group.step_ms)
    if group.repeat_ms is not None:
        return Next(to=tuple(group.chain[-1]["notify"]), at_ms=group.repeat_ms)
    return None


class Matcher(msgspec.Struct, frozen=True, kw_only=True):
    """Which alerts are meant; what is not said does not matter."""

    rules: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    """Patterns: `queue:sav`, `queue:*`; one of them must match."""
    severity: Literal["warning", "critical"] | None = None


class Quiet(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which matching alerts are not told: the wall shows them all the same."""

    id: str
    kind: Literal["silence", "maintenance"]
    match: Matcher
    from_ms: int
    """Redis TIME."""
    until_ms: int
    by: str
    note: str = ""
    announce: tuple[str, ...] = ()
    """Of maintenance: who is told before it begins and after it has ended, as in `Notice.to`."""
    before_ms: int = 900_000
    """So long before its beginning."""
    announced: Literal["", "before", "after"] = ""
    """How far announcing has come."""
