"""What people did, taken in: acts become changes, or are refused with a sentence.

A memory that was emptied is given all acts of old again. What they were done to may be long over or
gone with the memory: then they are refused, and nobody waits for that answer.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, cast

import msgspec

from alerting.acts import ActRecord
from alerting.core import machine
from alerting.core.investigations import Investigation, Step, apply
from alerting.core.machine import ActRefused
from alerting.core.rules import Rule
from alerting.core.shapes import Act, Event, Instance, Key
from alerting.core.telling import Quiet
from alerting.store.shapes import Held

_replace = msgspec.structs.replace


class Taken:
    """What is held, after acts.

    Attributes:
        instances: After them.
        quiet: Likewise.
        investigations: Likewise.
        events: What they made happen.
        outcomes: Id of an act → why it was refused; empty = done.
    """

    def __init__(self, held: Held) -> None:
        self.instances: dict[Key, Instance] = dict(held.instances)
        self.quiet: dict[str, Quiet] = dict(held.quiet)
        self.investigations: dict[str, Investigation] = dict(held.investigations)
        self.events: list[Event] = []
        self.outcomes: dict[str, str] = {}


def take(held: Held, acts: Iterable[ActRecord], rules: Mapping[str, Rule], clock_ms: int) -> Taken:
    """Returns what acts make of what is held.

    Args:
        held: What was committed last.
        acts: In their order.
        rules: By id.
        clock_ms: Redis TIME.
    """
    taken = Taken(held)
    for record in acts:
        try:
            _TAKES[record.kind](taken, record, rules, clock_ms)
        except ActRefused as refused:
            taken.outcomes[record.id] = str(refused)
        else:
            taken.outcomes[record.id] = ""
    return taken


def _episode(taken: Taken, record: ActRecord, rules: Mapping[str, Rule], clock_ms: int) -> None:
    """Does something to an alert."""
    name, _, rest = record.object.partition("|")
    key, rule = Key(name, rest.rpartition("|")[0]), rules.get(name)
    if rule is None:
        raise ActRefused(f"there is no rule {name!r} any more")
    act = Act(
        kind=record.kind,  # type: ignore[arg-type]  # _TAKES says which come here
        episode=record.object,
        by=record.by,
        note=record.note,
        until_ms=record.until_ms,
    )
    before = taken.instances.get(key)
    taken.instances[key], events = machine.act(before, act, clock_ms, rule.timing(), key)
    taken.events.extend(events)


def _begin_quiet(taken: Taken, record: ActRecord, _: object, clock_ms: int) -> None:
    quiet = record.quiet
    if quiet is None or quiet.kind != record.kind or quiet.id != record.object:
        raise ActRefused(f"it does not say what {record.kind} it means")
    if quiet.until_ms <= clock_ms:
        raise ActRefused("it has ended already")
    known = taken.quiet.get(quiet.id)
    announced = "" if known is None else known.announced
    taken.quiet[quiet.id] = _replace(quiet, announced=announced)


def _end_quiet(taken: Taken, record: ActRecord, _: object, clock_ms: int) -> None:
    """Ends a quiet time early; one that ends before it begins does not take place."""
    quiet = taken.quiet.get(record.object)
    if quiet is None or quiet.until_ms <= clock_ms:
        raise ActRefused("it has ended already")
    taken.quiet[quiet.id] = _replace(quiet, until_ms=clock_ms)


def _investigation(taken: Taken, record: ActRecord, _: object, clock_ms: int) -> None:
    try:
        step = msgspec.convert(record.investigation, Step)
    except msgspec.ValidationError as error:
        raise ActRefused(str(error)) from error
    known = taken.investigations.get(record.object)
    taken.investigations[record.object] = apply(known, step, record.by, clock_ms)


def _record(taken: Taken, record: ActRecord, _: object, __: int) -> None:
    """Takes in an investigation that an emptied memory no longer has; what is held is newer."""
    if record.object in taken.investigations:
        return
    try:
        found = msgspec.convert(record.investigation, Investigation)
    except msgspec.ValidationError as error:
        raise ActRefused(str(error)) from error
    taken.investigations[record.object] = found


def _started(_: Taken, __: ActRecord, ___: object, ____: int) -> None:
    """Says that a memory was begun: `deciding` sees to it."""


_TAKES: Final = cast(
    "Mapping[str, Callable[[Taken, ActRecord, Mapping[str, Rule], int], None]]",
    {
        **dict.fromkeys(("ack", "unack", "snooze", "note", "resolve"), _episode),
        "silence": _begin_quiet,
        "maintenance": _begin_quiet,
        "unsilence": _end_quiet,
        "investigation": _investigation,
        "record": _record,
        "started": _started,
    },
)
