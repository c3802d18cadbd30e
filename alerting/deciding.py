"""What a tick makes of what is held: acts, looks, plans and what walls show, in one commit.

No I/O and no clock: the same held state, acts, numbers and Redis TIME give the same commit, so a
leader may decide anew whenever it does not know what became of what it had decided.

Redis emptied. A memory that begins although the topic `acts` says that one had begun before is one
after a lost one. Acts are taken in again first, all of them. Then every alert that is raised at the
very first look of a fresh feed may be one that people know: when it fires it says so, by the note
`memory_lost`. The first look is at `lost_ms`, and what was raised at it began by then.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, TypeVar

import msgspec

from alerting import shown
from alerting.acts import ActRecord
from alerting.core import machine
from alerting.core.investigations import Book, Overdue, counts
from alerting.core.observe import Seen
from alerting.core.quiet import Suppression
from alerting.core.rules import Rule
from alerting.core.shapes import Event, Instance, Key, Timing
from alerting.core.telling import Group, Notice, Quiet
from alerting.core.view import BoardView
from alerting.store.shapes import Commit, Held
from alerting.taking import Taken, take
from streams.core import names

MEMORY_LOST: Final = "memory_lost"
"""The note of an alert that may have been told before Redis was emptied."""
STARTED: Final = "started"
"""The kind of act that says that a memory was begun."""
FRESH_MS: Final = 30_000
"""A feed that is older is not looked at."""
BEGIN_MS: Final = 10_000
"""So long after the beginning of a memory, what is raised by the clock counts as raised at it."""
K = TypeVar("K")
T = TypeVar("T")
_replace = msgspec.structs.replace


class Planned(Protocol):
    """What a planner makes of a tick."""

    @property
    def groups(self) -> Mapping[str, Group | None]:
        """Those that changed."""

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What is to be told now."""

    @property
    def quiet(self) -> Mapping[str, Quiet | None]:
        """Those that changed; `None` = it has ended for long."""


class Planner(Protocol):
    """Who is told of what, and when: `alerting.core.plan`."""

    def step(
        self,
        groups: Mapping[str, Group],
        events: Sequence[Event],
        instances: Mapping[Key, Instance],
        quiet: Mapping[str, Quiet],
        at_ms: int,
        clock_ms: int,
        *,
        mend: bool = False,
    ) -> Planned:
        """Returns what a tick changes; `mend`: after the auditor complained."""

    def suppression(
        self,
        instances: Mapping[Key, Instance],
        quiet: Mapping[str, Quiet],
        at_ms: int,
        clock_ms: int,
    ) -> Suppression:
        """Returns what tells why nobody is told of an alert."""


class Show(Protocol):
    """What walls show: `shown.make`, knowing rules and titles."""

    def __call__(
        self,
        instances: Mapping[Key, Instance],
        groups: Mapping[str, Group],
        quiet: Mapping[str, Quiet],
        *,
        suppressed: shown.Suppressed,
        at_ms: int | None,
        clock_ms: int,
        investigations: shown.Counts,
    ) -> shown.Shown:
        """Returns the document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """All that decides."""

    rules: Mapping[str, Rule]
    """By id, those that are disabled, too."""
    look: Callable[[BoardView, Iterable[Key], int], Iterable[Seen]]
    """`Evaluator.tick`."""
    planner: Planner
    audit: Callable[[Mapping[str, Group], Mapping[Key, Instance], int], Sequence[str]]
    """Returns open episodes without a next step, a sentence each; given Redis TIME."""
    show: Show
    book: Book
    announce: Callable[[Overdue, int], Notice]
    """Makes a notice of an overdue step; given Redis TIME."""


class Decided(NamedTuple):
    """One tick."""

    commit: Commit
    held: Held
    """What is held once it is stored."""
    shown: shown.Shown
    found: Sequence[str]
    """What the auditor has to say."""


def decide(
    parts: Parts,
    held: Held,
    view: BoardView,
    acts: Sequence[tuple[int, ActRecord]],
    clock_ms: int,
    before: shown.Shown | None,
    *,
    mend: bool = False,
) -> Decided:
    """Returns what a tick makes of what is held.

    Args:
        parts: Rules, and who is told.
        held: What was committed last.
        view: The numbers.
        acts: What people did since, with offsets.
        clock_ms: Redis TIME.
        before: What walls show now; `None` = not known.
        mend: Whether the auditor complained at the last tick.
    """
    new = [(offset, record) for offset, record in acts if offset >= held.acts]
    begun = _begun(held, new, view, clock_ms)
    taken = take(held, [record for _, record in new], parts.rules, clock_ms)
    instances, looked = _look(parts, taken, view, begun, clock_ms)
    events = (*taken.events, *looked)
    at_ms = view.now_ms
    planned = parts.planner.step(
        held.groups, events, instances, taken.quiet, at_ms, clock_ms, mend=mend
    )
    groups = _changed(held.groups, planned.groups)
    quiet = _changed(taken.quiet, planned.quiet)
    turned = parts.book.step(taken.investigations, events, instances, view, clock_ms)
    investigations = _changed(taken.investigations, turned.records)

    document = parts.show(
        instances, groups, quiet,
        suppressed=parts.planner.suppression(instances, quiet, at_ms, clock_ms).reasons,
        at_ms=at_ms, clock_ms=clock_ms,
        investigations=shown.Counts(*counts(investigations.values(), clock_ms)),
    )  # fmt: skip
    after = _replace(
        begun, seq=held.seq + 1, at_ms=at_ms, clock_ms=clock_ms,
        acts=new[-1][0] + 1 if new else held.acts, instances=instances, groups=groups, quiet=quiet,
        investigations=investigations,
    )  # fmt: skip
    commit = Commit(
        epoch=held.epoch, seq=held.seq, at_ms=at_ms, clock_ms=clock_ms, acts=after.acts,
        born_ms=after.born_ms, noted=after.noted, lost_ms=after.lost_ms,
        instances=_differences(held.instances, instances),
        groups=_differences(held.groups, groups),
        quiet=_differences(held.quiet, quiet),
        investigations=_differences(held.investigations, investigations),
        events=events,
        notices=(*planned.notices, *(parts.announce(one, clock_ms) for one in turned.overdue)),
        outcomes=taken.outcomes if held.born_ms else {},
        shown=None if shown.same(before, document) else shown.encode(document),
    )  # fmt: skip
    return Decided(commit, after, document, parts.audit(groups, instances, clock_ms))


def _begun(
    held: Held, acts: Iterable[tuple[int, ActRecord]], view: BoardView, clock_ms: int
) -> Held:
    """Returns what is held, with when it began and what was lost before."""
    noted = any(record.kind == STARTED for _, record in acts)
    if not held.born_ms:
        held = _replace(held, born_ms=clock_ms, lost_ms=0 if noted else None)
    age_ms = view.age_ms(None)
    if held.lost_ms == 0 and age_ms is not None and age_ms <= FRESH_MS:
        held = _replace(held, lost_ms=max(1, view.now_ms))
    return _replace(held, noted=held.noted or noted)


def _look(
    parts: Parts, taken: Taken, view: BoardView, held: Held, clock_ms: int
) -> tuple[dict[Key, Instance], list[Event]]:
    """Steps every instance that there is, and those that there should be."""
    instances, events = dict(taken.instances), list[Event]()

    def keep(key: Key, stepped: machine.Stepped) -> None:
        """Takes in what a step returned."""
        instance, happened = stepped
        if instance is None:
            instances.pop(key, None)
        else:
            instances[key] = instance
        events.extend(_marked(event, instance, parts.rules, held) for event in happened)

    watched = []
    for key, instance in taken.instances.items():
        reason = _gone(key, parts.rules)
        if reason:
            keep(key, machine.end(instance, view.now_ms, clock_ms, key, reason))
        else:
            watched.append(key)
    timings: dict[str, Timing] = {}
    for rule, key, observation in parts.look(view, watched, clock_ms):
        timing = timings.get(rule.id) or timings.setdefault(rule.id, rule.timing())
        at_ms = clock_ms if rule.on_clock else view.now_ms
        before = taken.instances.get(key)
        keep(key, machine.step(before, observation, at_ms, clock_ms, timing, key))
    return instances, events


def _gone(key: Key, rules: Mapping[str, Rule]) -> str:
    """Returns why an instance can be judged no longer; empty = it can."""
    rule = rules.get(key.rule)
    if rule is None:
        return "rule_deleted"
    if not rule.enabled:
        return "rule_disabled"
    if rule.kind == "stale" or any(names.matches(one, key.segment) for one in rule.select):
        return ""
    return "segment_retired"


def _marked(
    event: Event, instance: Instance | None, rules: Mapping[str, Rule], held: Held
) -> Event:
    """Returns an event; one that may have been told before memory was lost says so."""
    if event.kind != "fire" or instance is None or held.lost_ms is None:
        return event
    start = instance.started_at_ms or 0
    if rules[event.key.rule].on_clock:
        early = start <= held.born_ms + BEGIN_MS
    else:
        early = not held.lost_ms or start <= held.lost_ms
    return _replace(event, note=MEMORY_LOST) if early else event


def _changed(old: Mapping[str, T], changes: Mapping[str, T | None]) -> dict[str, T]:
    """Returns what there is after changes."""
    found = {name: one for name, one in old.items() if name not in changes}
    found.update((name, one) for name, one in changes.items() if one is not None)
    return found


def _differences(old: Mapping[K, T], new: Mapping[K, T]) -> dict[K, T | None]:
    """Returns what to write so that the old becomes the new; `None` = delete."""
    found: dict[K, T | None] = {}
    for name, one in new.items():
        before = old.get(name)
        if before is not one and before != one:
            found[name] = one
    found.update((k, None) for k in old if k not in new)
    return found
