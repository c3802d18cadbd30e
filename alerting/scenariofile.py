"""Scenario files: what a rule is shown, tick by tick, and what it must do; every mistake at once.

A file is one scenario, or several with `---` between them:

    title: one in two does not fire
    rules: ../rules.yaml            # a rule file, beside this one; or
    rule: high_abandon              # one of its rules; or a rule itself
    interval: 10s                   # of ticks; the first is at 0s
    start: 2026-03-03 10:00         # by the zone's clock
    timezone: Europe/Paris
    calendars: {voice: {open: {mon-fri: "08:00-20:00"}}}
    series:
      abandonment_rate queue:sav: 1/25x30 9/30x20     # part/whole x ticks
      wait_longest queue:sav: 20+10x12 nobody         # 20, 30, 40, ...; then nobody waits
      handle_time_mean queue:sav 30m: 4m@35x10        # of 35 contacts, in that window alone
      feed: okx30 stale             # stale: nothing new comes, what was last read gets older
      calendar: openx30 closed      # instead of the rule's own
      evaluator: upx30 downx60 up   # down: nobody looks
    history: {offered queue:sav: 40 38 44 41}         # by quarter hour, 1, 2, ... weeks ago
    acts: [{at: 3m, do: ack, by: p7}]
    expect:
      - {at: 2m, events: [fire warning]}
      - {at: 3m, state: firing acked}

`_` is a reading without data, `stale` in a series stands for its last value, getting older. A
series that is over holds its last point. Everything that happens must be expected.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import msgspec
import pydantic
import yaml

from alerting import meaning
from alerting.core.literals import parse_ms
from alerting.core.rules import Rule, RuleFile
from alerting.meaning import Context
from alerting.series import MOST_TICKS, SWITCHES, Series, numbers, one, switch, what
from streams.core.buckets import Zone
from streams.core.calendars import Calendar
from streams.core.errors import PoulsError
from streams.core.instants import instant
from streams.settings import build, file
from streams.settings.check import mistakes, unknown

T = TypeVar("T")
Path_ = tuple[str | int, ...]
"""Where something stands in a scenario."""
Doing = Literal["ack", "unack", "snooze", "note", "resolve", "end"]
RulesOf = Callable[[Path], Sequence[Rule]]
"""Loads a rule file; raises what says its mistakes."""

_FILLED: Final[Mapping[str, Any]] = {
    "id": "rule",
    "title": {"en": "A rule", "fr": "Une règle"},
    "owner": "floor",
    "runbook": "https://example.org/runbook",
    "action_plan": {"template": "none", "responsible": "floor"},
}
"""What an inline rule need not say: no scenario depends on it."""
_AS_WRITTEN: Final = {"series", "history"}
"""Keys whose values are text, whatever they look like."""

NO_CALENDARS: Final[Mapping[str, Calendar]] = {}


class ScenarioMistakes(PoulsError):
    """Scenario files that make no sense; the text has a line for every mistake."""


class Deed(NamedTuple):
    """What somebody does after a tick."""

    at_ms: int
    do: Doing
    by: str
    segment: str | None
    note: str
    for_ms: int | None
    reason: str


class Expected(NamedTuple):
    """What must be so at a tick."""

    at_ms: int
    events: tuple[str, ...]
    state: str | None
    segment: str | None


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario that makes sense."""

    where: str
    """File and line."""
    title: str
    rule: Rule
    interval_ms: int
    start_ms: int
    zone: Zone
    calendars: Mapping[str, Calendar]
    series: Sequence[Series]
    switches: Mapping[str, tuple[bool, ...]]
    history: Mapping[tuple[str, str], tuple[float, ...]]
    """Segment and KPI → counts by quarter hour 1, 2, ... weeks ago."""
    deeds: Sequence[Deed]
    expected: Sequence[Expected]

    @property
    def ticks(self) -> int:
        """How many there are: until nothing more is shown, done or expected."""
        shown = [len(series.points) for series in self.series]
        shown += [len(switch) for switch in self.switches.values()]
        times = [deed.at_ms for deed in self.deeds] + [x.at_ms for x in self.expected]
        return max(*shown, *(at // self.interval_ms + 1 for at in times), 1)


# -- what is written


class _DeedTable(msgspec.Struct, forbid_unknown_fields=True):
    at: str
    do: Doing
    by: str = "p1"
    segment: str | None = None
    note: str = ""
    for_: str | None = msgspec.field(name="for", default=None)
    reason: str = "rule_deleted"


class _ExpectTable(msgspec.Struct, forbid_unknown_fields=True):
    at: str
    events: list[str] = []
    state: str | None = None
    segment: str | None = None


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    title: str
    rule: str | dict[str, Any]
    expect: list[_ExpectTable]
    series: dict[str, str] | list[str | dict[str, str]]
    rules: str | None = None
    interval: str = "10s"
    start: str = "2026-03-03 10:00"
    timezone: str = "Europe/Paris"
    calendars: dict[str, file.CalendarTable] = {}
    history: dict[str, str] = {}
    acts: list[_DeedTable] = []


def load(
    path: Path, rules_of: RulesOf, calendars: Mapping[str, Calendar] = NO_CALENDARS
) -> list[Scenario]:
    """Returns the scenarios of a file.

    Args:
        path: The file.
        rules_of: Loads the rule files that it names.
        calendars: Those that rules may name; a scenario may say what they are.

    Raises:
        ScenarioMistakes: some make no sense, with every mistake that can be told.
    """
    try:
        text = path.read_text(encoding="utf-8")
        nodes = list(yaml.compose_all(text, yaml.SafeLoader))
        tables = [_table(node) for node in nodes]
    except (OSError, UnicodeDecodeError) as exc:
        raise ScenarioMistakes(f"{path}: cannot be read: {exc}") from exc
    except yaml.YAMLError as exc:
        raise ScenarioMistakes(f"{path}: {' '.join(str(exc).split())}") from exc
    found, wrong = [], []
    for node, table in zip(nodes, tables, strict=True):
        reading = _Reading(path, node, rules_of, calendars)
        scenario = reading.scenario(table)
        wrong += reading.wrong
        if scenario is not None:
            found.append(scenario)
    if wrong or not found:
        raise ScenarioMistakes("\n".join(wrong) or f"{path}: there is no scenario in it")
    return found


class _Reading:
    """One scenario being read; mistakes are gathered, with their lines."""

    def __init__(
        self, path: Path, node: yaml.Node, rules_of: RulesOf, calendars: Mapping[str, Calendar]
    ) -> None:
        self.wrong: list[str] = []
        self._path, self._node = path, node
        self._rules_of, self._calendars = rules_of, calendars

    def scenario(self, table: object) -> Scenario | None:
        """Returns the scenario; `None` where there are mistakes."""
        for where in _twice(self._node, ()):
            self._say(where, "stands twice")
        for mistake in mistakes(table, _Table):
            self._say(mistake.path, mistake.sentence)
        if self.wrong:
            return None
        try:
            said = msgspec.convert(table, _Table)
        except msgspec.ValidationError as exc:  # a key that must be there
            self._say((), str(exc))
            return None
        zone = self._try(("timezone",), Zone, said.timezone)
        own = self._try(("calendars",), _calendars, said)
        calendars = {**self._calendars, **(own or {})}
        interval_ms = self._ms(said.interval, ("interval",)) or 0
        if interval_ms <= 0:
            self._say(("interval",), "takes some time, such as 10s")
            interval_ms = 10_000
        start_ms = self._try(("start",), _start, said)
        series, switches = self._series(said)
        scenario: dict[str, Any] = {
            "where": f"{self._path}:{self._line(())}",
            "title": said.title,
            "rule": self._rule(said, calendars),
            "interval_ms": interval_ms,
            "start_ms": start_ms,
            "zone": zone,
            "calendars": calendars,
            "series": series,
            "switches": switches,
            "history": self._history(said),
            "deeds": self._deeds(said, interval_ms),
            "expected": self._expected(said, interval_ms),
        }
        return None if self.wrong else Scenario(**scenario)

    def _rule(self, said: _Table, calendars: Mapping[str, Calendar]) -> Rule | None:
        """Returns the rule, from its file or as it stands here."""
        if isinstance(said.rule, dict):
            try:
                rule = Rule.model_validate({**_FILLED, **said.rule})
            except pydantic.ValidationError as exc:
                for error in exc.errors():
                    self._say(("rule", *error["loc"]), error["msg"])
                return None
            context = Context(calendars=calendars)
            for mistake in meaning.mistakes(RuleFile(version=1, rules=[rule]), context):
                self._say(("rule", *mistake.path[2:]), mistake.sentence)
            return rule
        if said.rules is None:
            self._say(("rule",), "is the name of a rule: `rules` says in which file")
            return None
        source = self._path.parent / said.rules
        rules = self._try(("rules",), self._rules_of, source)
        by_id = {rule.id: rule for rule in rules or ()}
        if rules is not None and said.rule not in by_id:
            self._say(("rule",), unknown(said.rule, by_id, "rule"))
        return by_id.get(said.rule)

    def _series(self, said: _Table) -> tuple[list[Series], dict[str, tuple[bool, ...]]]:
        """Returns what is shown."""
        found: list[Series] = []
        switches: dict[str, tuple[bool, ...]] = {}
        for at, name, points in _lines(said.series):
            path = ("series", *at)
            if name in SWITCHES:
                switches[name] = self._try(path, switch, name, points) or ()
            else:
                series = self._try(path, one, name, points)
                found += [series] if series else []
        return found, {name: switch for name, switch in switches.items() if switch}

    def _history(self, said: _Table) -> dict[tuple[str, str], tuple[float, ...]]:
        """Returns what earlier weeks were like."""
        found = {}
        for name, counts in said.history.items():
            path = ("history", name)
            key = self._try(path, what, name)
            weeks = self._try(path, numbers, counts)
            if key and weeks:
                found[key[1], key[0].id] = weeks
        return found

    def _deeds(self, said: _Table, every_ms: int) -> list[Deed]:
        """Returns what people do."""
        found = []
        for i, x in enumerate(said.acts):
            path = ("acts", i)
            at_ms = self._tick(x.at, (*path, "at"), every_ms)
            for_ms = None if x.for_ is None else self._ms(x.for_, (*path, "for"))
            found.append(Deed(at_ms, x.do, x.by, x.segment, x.note, for_ms, x.reason))
        return sorted(found, key=lambda deed: deed.at_ms)

    def _expected(self, said: _Table, every_ms: int) -> list[Expected]:
        """Returns what must be so."""
        return [
            Expected(
                self._tick(x.at, ("expect", i, "at"), every_ms),
                tuple(x.events),
                x.state,
                x.segment,
            )
            for i, x in enumerate(said.expect)
        ]

    def _tick(self, text: str, path: Path_, every_ms: int) -> int:
        """Returns when a tick is."""
        ms = self._ms(text, path) or 0
        if ms % every_ms:
            self._say(path, f"{text} is no tick: they come every {every_ms / 1000:g}s")
        elif ms // every_ms >= MOST_TICKS:
            self._say(path, f"{text} is later than {MOST_TICKS} ticks")
        return ms

    def _ms(self, text: str, path: Path_) -> int | None:
        return self._try(path, parse_ms, text)

    def _try(self, path: Path_, make: Callable[..., T], *args: object) -> T | None:
        """Returns what is made, or says why it cannot be."""
        try:
            return make(*args)
        except (ValueError, KeyError, PoulsError) as exc:
            self._say(path, str(exc))
            return None

    def _say(self, path: Sequence[str | int], sentence: str) -> None:
        key = ".".join(map(str, path))
        named = f"{key}: " if key else ""
        self.wrong.append(f"{self._path}:{self._line(path)}: {named}{sentence}")

    def _line(self, path: Sequence[str | int]) -> int:
        """Returns the line on which a key stands, or the nearest one around it."""
        node, line = self._node, int(self._node.start_mark.line)
        for step in path:
            inner = _inside(node, step)
            if inner is None:
                break
            line, node = inner
        return line + 1


def _table(node: yaml.Node) -> object:
    """Returns what a scenario says; points as they are written: YAML takes `0x60` for 96."""
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if key.value in _AS_WRITTEN and not isinstance(value, yaml.ScalarNode):
            _to_text(value)
    return yaml.SafeLoader("").construct_document(node)


def _to_text(node: yaml.Node) -> None:
    """Makes text of every scalar in a node, but of keys."""
    if isinstance(node, yaml.ScalarNode):
        node.tag = "tag:yaml.org,2002:str"
    for inner in node.value if isinstance(node, yaml.CollectionNode) else ():
        _to_text(inner[1] if isinstance(inner, tuple) else inner)


def _twice(node: yaml.Node, path: Path_) -> Iterator[Path_]:
    """Yields keys that stand twice in one table: YAML would silently take the last."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            here = (*path, key.value)
            if key.value in seen:
                yield here
            seen.add(key.value)
            yield from _twice(value, here)


def _inside(node: yaml.Node, step: str | int) -> tuple[int, yaml.Node] | None:
    """Returns the line of a key or an item, and what it holds."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return int(key.start_mark.line), value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        item = node.value[step]
        return int(item.start_mark.line), item
    return None


def _start(said: _Table) -> int:
    """Returns when a scenario begins."""
    start = dt.datetime.fromisoformat(said.start)
    if start.tzinfo is None:
        start = start.replace(tzinfo=ZoneInfo(said.timezone))
    return instant(start)


def _calendars(said: _Table) -> dict[str, Calendar]:
    """Returns the calendars by name."""
    return build.calendars(file.File(timezone=said.timezone, calendars=said.calendars))


def _lines(
    series: Mapping[str, str] | Sequence[str | Mapping[str, str]],
) -> Iterator[tuple[Path_, str, str]]:
    """Yields where each series stands, its name and its points."""
    if isinstance(series, Mapping):
        for name, points in series.items():
            yield (name,), name, points
        return
    for i, line in enumerate(series):
        if isinstance(line, str):
            name, _, points = line.rpartition(": ")
            yield (i,), name, points
        else:
            for name, said in line.items():
                yield (i, name), name, said
