"""The book of investigations: opened by alerts, measured by the numbers, reminded by the calendar.

Theory of operation. Once a tick the book is shown what happened. An alert whose rule says so opens
a record (it is bad enough, it lasts, it repeats); of one KPI at one segment at most one record is
in work, and later episodes are written into it. While a record is verified, every quarter hour that
has ended is looked at: so many in a row within the target, and it is closed as effective; a new
episode before that shows that the measures were not enough, and it goes back to work. What is
overdue is told to its owner once a business day. The book remembers nothing besides the records, so
it goes on where another replica stopped.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

import msgspec

from alerting.core import machine
from alerting.core.investigations.shapes import (
    EPISODES,
    IN_WORK,
    Effect,
    Entry,
    Investigation,
    Records,
    Why,
    noted,
)
from alerting.core.rules import ActionPlan, Rule
from alerting.core.shapes import Event, Instance, Key, Severity
from streams.core.buckets import DAY_MS, QUARTER_MS
from streams.core.calendars import Calendar, Hours
from streams.core.errors import NotHeld
from streams.core.policy import Target
from streams.core.reading import Reading

BUSINESS: Final = Calendar(Hours(week=(((540, 1080),),) * 5 + ((),) * 2, holidays="FR"))
"""Business days of rules without a calendar: Monday to Friday, 09:00 to 18:00, but holidays."""
_UNITS: Final = {"m": 60_000, "h": 3_600_000}
_BEGINS: Final = frozenset({"fire", "reopen", "escalate"})
KEPT_MS: Final = 800 * DAY_MS
"""So long a closed record is kept."""
_LATEST: Final = 4
"""Quarter hours that are looked at in one tick at most: a replica that was away catches up."""


class View(Protocol):
    """What the book needs of the numbers."""

    @property
    def now_ms(self) -> int:
        """Board time."""

    def read(self, segment: str, kpi: str, window: str) -> Reading:
        """Returns one reading."""

    def history(self, segment: str, kpi: str, at_ms: int) -> float | None:
        """Returns a KPI of the whole quarter hour that holds an instant; `None` = not known."""


class Overdue(NamedTuple):
    """A record of which something should have been done by now."""

    record: Investigation
    what: tuple[str, ...]
    """`investigate`, `plan`, `action N`."""
    day: int
    """The local date, by its ordinal."""


class Turned(NamedTuple):
    """What a tick made of the book."""

    records: Mapping[str, Investigation | None]
    """Those that changed; `None` = no longer kept."""
    overdue: tuple[Overdue, ...]
    """What their owners are to be told."""


class Book:
    """Opens, measures and reminds.

    Args:
        rules: By id.
        calendars: By name.
    """

    def __init__(self, rules: Mapping[str, Rule], calendars: Mapping[str, Calendar]) -> None:
        self._rules, self._calendars = rules, calendars

    def step(
        self,
        records: Records,
        events: Sequence[Event],
        instances: Mapping[Key, Instance],
        view: View,
        clock_ms: int,
    ) -> Turned:
        """Returns what a tick changes.

        Args:
            records: All of them.
            events: What happened in this tick.
            instances: After it.
            view: The numbers.
            clock_ms: Redis TIME.
        """
        found = dict(records)
        places = {(r.kpi, r.segment): r.id for r in records.values() if r.status != "closed"}
        for event in events:
            if event.kind in _BEGINS:
                self._begun(found, places, event, clock_ms)
        self._lasting(found, places, instances, clock_ms)
        overdue = []
        for record in [r for r in found.values() if r.status in IN_WORK]:
            measured = self._measured(record, instances, view, clock_ms)
            late = self._overdue(measured, clock_ms)
            if late is not None:
                overdue.append(late)
                entry = Entry(at_ms=clock_ms, what="overdue", note=", ".join(late.what))
                measured = noted(measured, entry, reminded_day=late.day)
            found[record.id] = measured
        changed: dict[str, Investigation | None] = {
            i: r for i, r in found.items() if r is not records.get(i)
        }
        changed.update((r.id, None) for r in found.values() if self._idle(r, view.now_ms, clock_ms))
        return Turned(changed, tuple(overdue))

    # -- opening

    def _begun(
        self, found: dict[str, Investigation], places: dict[tuple[str, str], str],
        event: Event, clock_ms: int,
    ) -> None:  # fmt: skip
        """Takes in an alert that has begun, is back, or has got worse."""
        rule = self._rules.get(event.key.rule)
        if rule is None:
            return
        record = self._record(found, places, rule, event, clock_ms)
        if event.episode not in record.episodes:
            record = self._appended(record, event, clock_ms)
        when = rule.action_plan.open_when
        why: Why = ""
        if when.severity is not None and event.severity >= Severity[when.severity.upper()]:
            why = "severity"
        elif when.or_repeats is not None and _repeats(
            record, when.or_repeats.in_, when.or_repeats.times, event.at_ms
        ):
            why = "repeats"
        if why and record.status == "counting":
            record = self._opened(record, rule, event, why, clock_ms)
        found[record.id] = record

    def _lasting(
        self, found: dict[str, Investigation], places: dict[tuple[str, str], str],
        instances: Mapping[Key, Instance], clock_ms: int,
    ) -> None:  # fmt: skip
        """Opens records of alerts that have lasted for long."""
        for key, instance in instances.items():
            rule = self._rules.get(key.rule)
            lasts = None if rule is None else rule.action_plan.open_when.or_lasts
            fired = instance.fired_clock_ms
            if rule is None or lasts is None or fired is None or not machine.ongoing(instance):
                continue
            record = found.get(places.get((_kpi(rule, instance.facts.kpi), key.segment), ""))
            if record is None or record.status != "counting" or clock_ms - fired < lasts:
                continue
            event = _event(key, instance, clock_ms)
            found[record.id] = self._opened(record, rule, event, "lasts", clock_ms)

    def _record(
        self, found: Mapping[str, Investigation], places: dict[tuple[str, str], str],
        rule: Rule, event: Event, clock_ms: int,
    ) -> Investigation:  # fmt: skip
        """Returns the record of an alert's KPI and segment, a new one where none is in work."""
        place = _kpi(rule, event.facts.kpi), event.key.segment
        if place in places:
            return found[places[place]]
        kpi, segment = place
        places[place] = f"{kpi}|{segment}|{clock_ms}"
        plan = rule.action_plan
        return Investigation(
            id=places[place], rule=rule.id, kpi=kpi, segment=segment, template=plan.template,
            owner=plan.responsible,
        )  # fmt: skip

    def _appended(self, record: Investigation, event: Event, clock_ms: int) -> Investigation:
        """Returns a record with a further episode; one under verification goes back to work."""
        changes: dict[str, object] = {
            "episodes": (*record.episodes, event.episode)[-EPISODES:],
            "n_episodes": record.n_episodes + 1,
        }
        if record.status == "counting":
            return msgspec.structs.replace(record, **changes)
        entry = Entry(at_ms=clock_ms, what="episode", note=event.episode)
        record = noted(record, entry, **changes)
        if record.status != "verifying":
            return record
        again = Entry(at_ms=clock_ms, what="not_effective", note=event.episode)
        return noted(record, again, status="in_progress", effect=None)

    def _opened(
        self, record: Investigation, rule: Rule, event: Event, why: Why, clock_ms: int
    ) -> Investigation:
        plan, facts, calendar = rule.action_plan, event.facts, self._calendar(rule.id)
        return noted(
            record,
            Entry(at_ms=clock_ms, what="opened", note=why),
            status="open", why=why, opened_ms=clock_ms, rule=rule.id, template=plan.template,
            value=facts.value, target=facts.target, threshold=facts.threshold, n=facts.n,
            unit=facts.unit, window=facts.window,
            investigate_by_ms=due_ms(plan.investigate_within, clock_ms, calendar),
            plan_by_ms=due_ms(plan.plan_within, clock_ms, calendar),
        )  # fmt: skip

    def _idle(self, record: Investigation, at_ms: int, clock_ms: int) -> bool:
        """Returns whether a record is kept no longer: counted in vain, or closed long ago."""
        if record.status == "closed":
            return _passed(record.closed_ms, clock_ms - KEPT_MS)
        if record.status != "counting":
            return False
        plan = self._plan(record)
        repeats = None if plan is None else plan.open_when.or_repeats
        counted_ms = DAY_MS if repeats is None else max(DAY_MS, repeats.in_)
        return not _repeats(record, counted_ms, 1, at_ms)

    # -- measuring

    def _measured(
        self, record: Investigation, instances: Mapping[Key, Instance], view: View, clock_ms: int
    ) -> Investigation:
        """Returns a record with the quarter hours that have ended since it was last looked at."""
        if record.status != "verifying":
            return record
        last = view.now_ms // QUARTER_MS - 1  # the latest one that has ended
        effect = record.effect
        if effect is None:
            plan = self._plan(record)
            needed = 5 if plan is None else int(plan.done_when.metric_ok_for.split()[0])
            effect = Effect(since_ms=view.now_ms, needed=needed, quarter=last)
            return msgspec.structs.replace(record, effect=effect)
        if last <= effect.quarter:
            return record
        for quarter in range(max(effect.quarter + 1, last - _LATEST + 1), last + 1):
            effect = self._looked(record, effect, quarter, instances, view)
        if effect.met < effect.needed:
            return msgspec.structs.replace(record, effect=effect)
        entry = Entry(at_ms=clock_ms, what="effective")
        return noted(
            record, entry, effect=effect, status="closed", result="effective", closed_ms=clock_ms
        )

    def _looked(
        self, record: Investigation, effect: Effect, quarter: int,
        instances: Mapping[Key, Instance], view: View,
    ) -> Effect:  # fmt: skip
        """Returns an effect with one more quarter hour; one without data says nothing."""
        value, met = self._met(record, quarter, instances, view)
        if met is None:
            return msgspec.structs.replace(effect, quarter=quarter)
        return msgspec.structs.replace(
            effect, quarter=quarter, value=value, met=effect.met + 1 if met else 0,
            missed=effect.missed + (not met),
        )  # fmt: skip

    def _met(
        self, record: Investigation, quarter: int, instances: Mapping[Key, Instance], view: View
    ) -> tuple[float | None, bool | None]:
        """Returns a quarter hour's value, and whether it lies within the target.

        Where a KPI has no target or is none of the quarter hour (the longest wait, the feed's
        age), what counts is that no alert is there.
        """
        key = Key(record.rule, record.segment)
        calm = not machine.ongoing(instances.get(key))
        try:
            target = view.read(record.segment, record.kpi, "interval").target
            value = view.history(record.segment, record.kpi, quarter * QUARTER_MS)
        except (NotHeld, ValueError):
            return None, calm
        if target is None or (target.low is None and target.high is None):
            return value, calm
        return value, None if value is None else within(value, target)

    # -- reminding

    def _overdue(self, record: Investigation, clock_ms: int) -> Overdue | None:
        """Returns what is overdue, where it is a business day on which that was not told yet."""
        calendar = self._calendar(record.rule)
        day = calendar.day_of(clock_ms)
        if record.reminded_day == day or not calendar.is_open(clock_ms):
            return None
        what = tuple(late(record, clock_ms))
        return Overdue(record, what, day) if what else None

    def _calendar(self, rule_id: str) -> Calendar:
        rule = self._rules.get(rule_id)
        name = None if rule is None else rule.calendar
        return BUSINESS if name is None else self._calendars[name]

    def _plan(self, record: Investigation) -> ActionPlan | None:
        rule = self._rules.get(record.rule)
        return None if rule is None else rule.action_plan


def late(record: Investigation, clock_ms: int) -> Iterator[str]:
    """Yields what is overdue of a record: `investigate`, `plan`, `action N`."""
    if record.status == "open" and _passed(record.investigate_by_ms, clock_ms):
        yield "investigate"
    if record.status in {"open", "investigating"} and _passed(record.plan_by_ms, clock_ms):
        yield "plan"
    if record.status in IN_WORK:
        for action in record.actions:
            if action.done_ms is None and _passed(action.by_ms, clock_ms):
                yield f"action {action.id}"


def counts(records: Iterable[Investigation], clock_ms: int) -> tuple[int, int]:
    """Returns how many are in work, and of how many something is overdue."""
    works = [record for record in records if record.status in IN_WORK]
    return len(works), sum(any(late(record, clock_ms)) for record in works)


def due_ms(within: str, clock_ms: int, calendar: Calendar) -> int:
    """Returns when something is due: `2bd` = the end of the second business day from now."""
    if within.endswith("bd"):
        return calendar.business_days_after(clock_ms, int(within.removesuffix("bd")))
    return clock_ms + int(within[:-1]) * _UNITS[within[-1]]


def within(value: float, target: Target) -> bool:
    """Returns whether a value lies within a target."""
    return (target.low is None or value >= target.low) and (
        target.high is None or value <= target.high
    )


def _passed(ms: int | None, clock_ms: int) -> bool:
    return ms is not None and clock_ms > ms


def _repeats(record: Investigation, in_ms: int, times: int, at_ms: int) -> bool:
    """Returns whether so many episodes began within so long."""
    begun = [int(e.rpartition("|")[2]) for e in record.episodes if e.rpartition("|")[2].isdecimal()]
    return sum(start > at_ms - in_ms for start in begun) >= times


def _kpi(rule: Rule, shown: str) -> str:
    """Returns which KPI an alert is about: of a rule over several the one that is shown."""
    return rule.metric or (rule.slo.kpi if rule.slo else shown)


def _event(key: Key, instance: Instance, clock_ms: int) -> Event:
    """Returns what stands for an alert that has been there for long."""
    return Event(
        kind="fire", key=key, episode=instance.episode, severity=instance.severity,
        at_ms=instance.seen_at_ms, clock_ms=clock_ms, reason="lasts", facts=instance.facts,
    )  # fmt: skip
