"""Whether rules make sense: everything that their shape alone does not tell.

A rule that passes cannot surprise anybody at night: its KPI exists, its segments are booked, its
windows are kept, what clears it lies on the safe side of what raises it, and its budget can burn as
fast as it says. Whether somebody is told of it is looked at by `meaning_routes`.
"""

import string
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from alerting.core.burning import burn_rate, greatest_burn, period_ms
from alerting.core.literals import Measure
from alerting.core.models import SEVERITIES, Level
from alerting.core.rules import NAMES, Bound, Burn, LevelOf, Rule, RuleFile, Term
from alerting.core.view import length_ms, nominal_ms
from alerting.places import Path
from streams.core import names, windows
from streams.core.buckets import HOUR_MS, Retention
from streams.core.calendars import Calendar
from streams.core.catalogue import Cadence, Kpi
from streams.core.errors import BadName
from streams.core.kpis import KPIS
from streams.core.policy import FoldPolicy, ReadingPolicy
from streams.settings.check import unknown

LEVELED: Final = {"threshold", "change", "stale", "projection"}
"""Kinds whose levels have limits."""
OF_ONE_KPI: Final = {"threshold", "change", "silence", "projection"}
_NO_SELECT: Final = ["queue:*"]
_LEAST_MS: Final[Mapping[Cadence, int]] = {"live": 0, "hourly": HOUR_MS, "daily": 24 * HOUR_MS}


class Mistake(msgspec.Struct, frozen=True):
    """Something that cannot stay as it is."""

    path: Path
    sentence: str


class Context(msgspec.Struct, frozen=True):
    """What rules may refer to."""

    fold: FoldPolicy = FoldPolicy()
    reading: ReadingPolicy = ReadingPolicy()
    calendars: Mapping[str, Calendar] = {}
    topics: frozenset[str] = frozenset({"calls", "chats", "tickets", "agents"})
    people: frozenset[str] | None = None
    """Ids of people.csv; `None` = there is none, so nobody knows."""


def mistakes(file: RuleFile, context: Context) -> Iterator[Mistake]:
    """Yields everything that makes no sense in the rules of a file, rule by rule."""
    ids: set[str] = set()
    for i, rule in enumerate(file.rules):
        path: Path = ("rules", i)
        if rule.id in ids:
            yield Mistake((*path, "id"), f"{rule.id!r} stands twice")
        ids.add(rule.id)
        yield from _rule(rule, path, context)


def _rule(rule: Rule, path: Path, context: Context) -> Iterator[Mistake]:
    yield from _kind(rule, path)
    yield from _select(rule, path, context)
    yield from _title(rule, path)
    if rule.calendar is not None and rule.calendar not in context.calendars:
        yield Mistake((*path, "calendar"), unknown(rule.calendar, context.calendars, "calendar"))
    if rule.metric is not None:
        yield from _metric(rule.metric, (*path, "metric"))
        yield from _suits(rule, path)
        yield from _windows(rule, rule.metric, path, context)
        if rule.vs == "target":
            yield from _has_target(rule.metric, (*path, "vs"), context)
    yield from _levels(rule, path)
    yield from _terms(rule, path, context)
    yield from _burn(rule, path, context)
    yield from _fors(rule, path)
    if rule.stale and rule.stale.topic and rule.stale.topic not in context.topics:
        yield Mistake(
            (*path, "stale", "topic"), unknown(rule.stale.topic, sorted(context.topics), "topic")
        )
    weeks = rule.change or rule.silence
    if weeks and weeks.min_weeks > weeks.weeks:
        yield Mistake((*path, rule.kind, "min_weeks"), f"more than weeks, {weeks.weeks}")


def _fors(rule: Rule, path: Path) -> Iterator[Mistake]:
    """Yields levels that would have to be raised for less than a look takes."""
    for severity, ms in rule.fors().items():
        if 0 < ms < rule.evaluate_every:
            level = rule.levels.of.get(severity)
            name = severity.name.lower()
            own = level is not None and level.for_ is not None
            yield Mistake(
                (*path, "levels", name, "for") if own else (*path, "for"),
                f"{name}: {ms / 1000:g}s is shorter than evaluate_every, "
                f"{rule.evaluate_every / 1000:g}s (0s = at once)",
            )


def _kind(rule: Rule, path: Path) -> Iterator[Mistake]:
    """Yields what is wrong with the keys that say what kind of rule it is."""
    kinds = rule.kinds
    if len(kinds) > 1:
        yield Mistake((*path, kinds[1]), f"a rule is of one kind, not {' and '.join(kinds)}")
    elif rule.kind in OF_ONE_KPI and rule.metric is None:
        yield Mistake(path, "metric is missing: which KPI?")
    elif rule.kind not in OF_ONE_KPI and rule.metric is not None:
        yield Mistake((*path, "metric"), f"a rule of kind {rule.kind} has none")
    if (rule.burn is None) != (rule.slo is None):
        yield Mistake(path, "slo and burn belong together")
    if rule.vs == "target" and rule.kind != "threshold":
        yield Mistake((*path, "vs"), "only a rule of one KPI is compared with its target")
    if rule.kind == "stale" and rule.select != _NO_SELECT:
        yield Mistake((*path, "select"), "the feed has no segments")


def _metric(metric: str, path: Path) -> Iterator[Mistake]:
    if metric not in KPIS:
        yield Mistake(path, f"{metric!r}: {unknown(metric, KPIS, 'KPI')}")


def _suits(rule: Rule, path: Path) -> Iterator[Mistake]:
    """Yields that a KPI is none that such a rule can be about."""
    kpi = KPIS.get(rule.metric or "")
    wanted = {"change": "count", "silence": "count", "projection": "share"}.get(rule.kind)
    if kpi is not None and wanted is not None and kpi.kind != wanted:
        sentence = f"{rule.kind} is for a {wanted}; {kpi.id} is a {kpi.kind}"
        yield Mistake((*path, "metric"), sentence)


def _select(rule: Rule, path: Path, context: Context) -> Iterator[Mistake]:
    booked = {(), *(tuple(sorted(dims)) for dims in context.fold.segments)}
    shown = ["site", *("+".join(dims) for dims in context.fold.segments)]
    for i, pattern in enumerate(rule.select):
        at = (*path, "select", i)
        try:
            dims = names.dimensions(names.parse(pattern))
        except BadName as exc:
            yield Mistake(at, str(exc))
            continue
        if tuple(sorted(dims)) not in booked:
            yield Mistake(
                at, f"{pattern!r}: the settings do not book it; they book {', '.join(shown)}"
            )


def _title(rule: Rule, path: Path) -> Iterator[Mistake]:
    known = NAMES | {d for pattern in rule.select for d in dimensions(pattern)}
    for language in ("en", "fr"):
        at = (*path, "title", language)
        try:
            places = [name for _, name, _, _ in string.Formatter().parse(
                getattr(rule.title, language)
            )]  # fmt: skip
        except ValueError as exc:
            yield Mistake(at, f"braces do not match: {exc}")
            continue
        for name in places:
            if name is not None and name not in known:
                yield Mistake(at, f"{{{name}}}: {unknown(name, sorted(known), 'place')}")


def dimensions(pattern: str) -> tuple[str, ...]:
    """Returns the dimensions of a pattern that may not be sound."""
    return tuple(part.partition(":")[0] for part in pattern.split("+"))


# -- windows


def _windows(rule: Rule, metric: str, path: Path, context: Context) -> Iterator[Mistake]:
    kpi = KPIS.get(metric)
    if kpi is None or rule.kind == "projection":
        return
    if kpi.kind == windows.LIVE:
        if rule.window not in (None, windows.LIVE):
            yield Mistake((*path, "window"), f"{metric} is true now: it has no window")
        return
    at = (*path, "window") if rule.window is not None else (*path, "guard", "windows")
    for window in rule.windows:
        yield from _window(rule.select, kpi, window, at, context.fold.retention)
    lengths = [length_ms(window) or 0 for window in rule.windows]
    if lengths != sorted(set(lengths)):
        yield Mistake(at, "the shortest comes first, each is longer than the one before")


def _window(
    select: Iterable[str], kpi: Kpi, window: str, path: Path, retention: Retention
) -> Iterator[Mistake]:
    """Yields what is wrong with one window of one KPI."""
    try:
        parsed = windows.parse(window)
    except BadName as exc:
        yield Mistake(path, str(exc))
        return
    if parsed.kind == "live":
        yield Mistake(path, f"{kpi.id} is counted in a window, such as 30m")
        return
    if (length_ms(window) or 0) < _LEAST_MS[kpi.cadence]:
        yield Mistake(path, f"{window}: {kpi.id} says something {kpi.cadence} at best")
    for pattern in select:
        if parsed.kind == "fine" and retention.of(0, pattern) == 0:
            yield Mistake(
                path, f"{window}: nothing is kept of {pattern} by 10 s; take interval, 2h or today"
            )


# -- limits


def _levels(rule: Rule, path: Path) -> Iterator[Mistake]:
    levels = {name: getattr(rule.levels, name) for name in SEVERITIES}
    present: dict[Level, LevelOf] = {name: of for name, of in levels.items() if of is not None}
    if rule.kind == "burn":
        if present:
            yield Mistake((*path, "levels"), "the severities of burn are its levels")
        return
    if not present:
        yield Mistake(path, "levels are missing: warning, critical or both")
        return
    if rule.kind not in LEVELED:
        yield from _bare(rule, present, path)
        return
    wanted, what = _wanted(rule)
    sound: dict[Level, tuple[Bound, Bound]] = {}
    for name, level in present.items():
        at = (*path, "levels", name)
        found = list(_level(level, at, wanted, what))
        if not found and level.raise_ and level.clear:
            sound[name] = level.raise_, level.clear
        yield from found
    if len(sound) == len(SEVERITIES):
        yield from _nested(sound["warning"], sound["critical"], (*path, "levels", "critical"))


def _bare(rule: Rule, present: Mapping[Level, LevelOf], path: Path) -> Iterator[Mistake]:
    """Yields that a rule without limits has too many levels, or limits."""
    if len(present) > 1:
        yield Mistake((*path, "levels"), f"a rule of kind {rule.kind} has one level")
    for name, level in present.items():
        for key, bound in (("raise", level.raise_), ("clear", level.clear)):
            if bound is not None:
                at = (*path, "levels", name, key)
                yield Mistake(at, f"a rule of kind {rule.kind} has no limits here")


def _wanted(rule: Rule) -> tuple[Measure | None, str]:
    """Returns what the limits of a rule are amounts of, and how to say so."""
    if rule.kind == "change" or rule.vs == "target":
        return "ratio", "a percentage such as 50%"
    if rule.kind == "stale":
        return "seconds", "a duration such as 30s"
    return measure_of(KPIS.get(rule.metric or ""))


def measure_of(kpi: Kpi | None) -> tuple[Measure | None, str]:
    """Returns what an amount of a KPI is, and how to say so; `None` where there is no KPI."""
    match kpi and kpi.unit:
        case "ratio":
            return "ratio", "a percentage such as 8%"
        case "seconds":
            return "seconds", "a duration such as 120s"
        case None:
            return None, ""
        case _:
            return "number", "a plain number"


def _level(level: LevelOf, path: Path, wanted: Measure | None, what: str) -> Iterator[Mistake]:
    """Yields what is wrong inside one level."""
    for key, bound in (("raise", level.raise_), ("clear", level.clear)):
        if bound is None:
            yield Mistake(path, f"{key} is missing: above or below what?")
        else:
            yield from _bound(bound, (*path, key), wanted, what)
    raised, clear = level.raise_, level.clear
    if raised is None or clear is None or not (_is_one(raised) and _is_one(clear)):
        return
    if raised.side == clear.side:
        yield Mistake((*path, "clear"), f"must be on the other side than raise: {_other(raised)}")
    elif not _is_beyond(raised, raised.amount.value, clear.amount.value):
        yield Mistake(
            (*path, "clear"),
            f"must lie on the safe side of raise, {raised.side} {raised.amount.value:g}: "
            f"{_other(raised)} something {'less' if raised.side == 'above' else 'greater'}",
        )


def _nested(
    warning: tuple[Bound, Bound], critical: tuple[Bound, Bound], path: Path
) -> Iterator[Mistake]:
    """Yields that critical is not worse than warning."""
    raises = warning[0]
    if critical[0].side != raises.side:
        yield Mistake((*path, "raise"), f"warning is {raises.side}, so must critical be")
        return
    if not _is_beyond(raises, critical[0].amount.value, raises.amount.value):
        sentence = f"critical lies inside warning: it must be further {raises.side}"
        yield Mistake((*path, "raise"), sentence)
    if _is_beyond(raises, warning[1].amount.value, critical[1].amount.value):
        yield Mistake((*path, "clear"), "critical would outlast warning: its clear comes first")


def _is_beyond(bound: Bound, value: float, limit: float) -> bool:
    return value > limit if bound.side == "above" else value < limit


def _is_one(bound: Bound) -> bool:
    return (bound.above is None) != (bound.below is None)


def _other(bound: Bound) -> str:
    return "below" if bound.side == "above" else "above"


def _bound(bound: Bound, path: Path, wanted: Measure | None, what: str) -> Iterator[Mistake]:
    if not _is_one(bound):
        yield Mistake(path, "must be one of above and below")
    elif wanted is not None and bound.amount.of != wanted:
        yield Mistake((*path, bound.side), f"must be {what}")


def _has_target(metric: str, path: Path, context: Context) -> Iterator[Mistake]:
    reading = context.reading
    known = metric in reading.targets or any(metric in t for t in reading.queue_targets.values())
    if metric in KPIS and KPIS[metric].target is None and not known:
        yield Mistake(path, f"{metric} has no target; give it one in pouls.toml, [targets]")


# -- several KPIs


def _terms(rule: Rule, path: Path, context: Context) -> Iterator[Mistake]:
    clears = rule.clear
    if rule.kind not in ("all", "any"):
        if clears is not None:
            yield Mistake((*path, "clear"), "only a rule of kind all or any has it here")
        return
    if clears is None:
        yield Mistake(path, "clear is missing: when is it over?")
    elif (clears.all_ is None) == (clears.any_ is None):
        yield Mistake((*path, "clear"), "must be one of all and any")
    lists: list[tuple[Path, Iterable[Term]]] = [
        ((rule.kind,), rule.all_ or rule.any_ or ()),
        (("clear", "all"), clears.all_ or () if clears else ()),
        (("clear", "any"), clears.any_ or () if clears else ()),
    ]
    for at, terms in lists:
        for i, term in enumerate(terms):
            yield from _term(rule, term, (*path, *at, i), context)


def _term(rule: Rule, term: Term, path: Path, context: Context) -> Iterator[Mistake]:
    yield from _metric(term.metric, (*path, "metric"))
    kpi = KPIS.get(term.metric)
    if kpi is None:
        return
    wanted, what = measure_of(kpi)
    if term.vs == "target":
        wanted, what = "ratio", "a percentage such as -15%"
        yield from _has_target(term.metric, (*path, "vs"), context)
    yield from _bound(term, path, wanted, what)
    if kpi.kind != windows.LIVE and term.window is not None:
        at = (*path, "window")
        yield from _window(rule.select, kpi, term.window, at, context.fold.retention)


# -- budgets


def _burn(rule: Rule, path: Path, context: Context) -> Iterator[Mistake]:
    if rule.burn is None or rule.slo is None:
        return
    yield from _metric(rule.slo.kpi, (*path, "slo", "kpi"))
    kpi = KPIS.get(rule.slo.kpi)
    if kpi is not None and kpi.kind != "share":
        yield Mistake((*path, "slo", "kpi"), f"an objective is for a share; it is a {kpi.kind}")
    try:
        period = period_ms(rule.slo.period, context.calendars.get(rule.calendar or ""))
    except ValueError as exc:
        yield Mistake((*path, "slo", "period"), str(exc))
        period = None
    severities = [burn.severity for burn in rule.burn]
    for i, burn in enumerate(rule.burn):
        at = (*path, "burn", i)
        if burn.severity in severities[:i]:
            yield Mistake((*at, "severity"), f"{burn.severity} stands twice")
        if kpi is not None:
            for key, window in (("long", burn.long), ("short", burn.short)):
                yield from _window(rule.select, kpi, window, (*at, key), context.fold.retention)
        yield from _lengths(burn, period, rule.slo.objective, at)


def _lengths(burn: Burn, period: int | None, objective: float, path: Path) -> Iterator[Mistake]:
    """Yields what is wrong with the windows of a burn, and with the burn that they make."""
    long, short = nominal_ms(burn.long), nominal_ms(burn.short)
    if not long or not short:
        return
    if short >= long:
        yield Mistake((*path, "short"), "must be shorter than long")
    if period is not None:
        yield from _possible(burn_rate(burn.budget, period, long), objective, path)


def _possible(rate: float, objective: float, path: Path) -> Iterator[Mistake]:
    most = greatest_burn(objective)
    if rate > most:
        yield Mistake(
            (*path, "budget"),
            f"a burn of {rate:.1f} is impossible: with an objective of {objective:.0%} the worst "
            f"is {most:.1f}",
        )
    elif rate <= 1:
        yield Mistake(
            (*path, "budget"),
            f"a burn of {rate:.1f} is no trouble: 1 uses up the budget just in time",
        )
