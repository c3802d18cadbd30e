"""The scenario tester: rules are shown series, and must do what was expected, nothing else.

`run` is the whole of `pouls alerts test`: scenarios go through the same observations and the same
state machine as everything at night, and the state through its JSON at every tick. For each
scenario there is a line; where it fails, its story, with what is missing (-) and what is too much
(+).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from alerting.core.machine import (
    ActRefused,
    act,
    end,
    flapping,
    ongoing,
    snoozed,
    step,
    unseen,
)
from alerting.core.observe import Evaluator
from alerting.core.shapes import Act, Event, Instance, Key, Observation
from alerting.scenariofile import (
    NO_CALENDARS,
    Deed,
    Expected,
    RulesOf,
    Scenario,
    ScenarioMistakes,
    load,
)
from alerting.series import Point, Series
from streams.core.buckets import Zone
from streams.core.calendars import ALWAYS, Calendar
from streams.core.kpis import find
from streams.core.names import SITE
from streams.core.policy import Formula
from streams.core.reading import Freshness, Reading, make
from streams.core.shapes import Measured

_WEEK_MS: Final = 7 * 24 * 3_600_000
_SILENT: Final = Point(heard=False)
Say = Callable[[str], None]


class Happened(NamedTuple):
    """Something that happened at a tick."""

    at_ms: int
    """Since the beginning."""
    words: tuple[str, ...]


class Line(NamedTuple):
    """A line of a story: ` ` as expected, `-` missing, `+` too much."""

    at_ms: int
    mark: str
    text: str


class Result(NamedTuple):
    """How a scenario went."""

    scenario: Scenario
    story: tuple[Line, ...]

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return all(line.mark == " " for line in self.story)


def run(
    paths: Iterable[Path],
    say: Say,
    rules_of: RulesOf,
    calendars: Mapping[str, Calendar] = NO_CALENDARS,
) -> bool:
    """Tries every scenario of some files; folders stand for the `*.yaml` in them.

    Args:
        paths: Files and folders.
        say: Takes the lines.
        rules_of: Loads the rule files that scenarios name.
        calendars: Those that rules may name; one that nobody knows is open at all hours.

    Returns:
        Whether all passed. A file that makes no sense did not, and neither did nothing at all.
    """
    passed = Counter[bool]()
    for path in _files(paths):
        try:
            scenarios = load(path, rules_of, calendars)
        except ScenarioMistakes as exc:
            say(str(exc))
            passed[False] += 1
            continue
        for scenario in scenarios:
            result = play(scenario)
            passed[result.passed] += 1
            for line in told(result):
                say(line)
    say(f"{passed[True]} passed, {passed[False]} failed")
    return passed[True] > 0 and not passed[False]


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(path.glob("*.yaml"))
        else:
            yield path


def told(result: Result) -> Iterator[str]:
    """Yields a result, line by line."""
    scenario = result.scenario
    word = "ok  " if result.passed else "FAIL"
    yield f"{word}  {scenario.where}  {scenario.title}"
    if not result.passed:
        for line in result.story:
            yield f"    {line.mark} {_duration(line.at_ms):>8}  {line.text}".rstrip()


def _duration(ms: int) -> str:
    """Returns a duration as it stands in a scenario."""
    minutes, left = divmod(ms, 60_000)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "m"), (left / 1000, "s"))
    return "".join(f"{n:g}{unit}" for n, unit in parts if n) or "0s"


# -- what happens


def play(scenario: Scenario) -> Result:
    """Plays a scenario and compares."""
    stage = _Stage(scenario)
    story: list[Line] = []
    awaited: dict[int, list[Expected]] = {}
    for expected in scenario.expected:
        awaited.setdefault(expected.at_ms, []).append(expected)
    for tick in range(scenario.ticks):
        at_ms = tick * scenario.interval_ms
        happened = stage.tick(tick)
        here = awaited.get(at_ms, [])
        story += _compare(at_ms, happened, [text for x in here for text in x.events])
        story += [line for x in here if x.state is not None for line in _stands(stage, x)]
    return Result(scenario, tuple(story))


def _compare(
    at_ms: int, happened: Sequence[tuple[str, ...]], expected: Sequence[str]
) -> list[Line]:
    """Returns what happened at a tick beside what was expected; each event is expected once."""
    left = list(happened)
    lines = []
    for text in expected:
        found = next((words for words in left if _is(text, words)), None)
        if found is None:
            lines.append(Line(at_ms, "-", text))
        else:
            left.remove(found)
            lines.append(Line(at_ms, " ", " ".join(found)))
    return lines + [Line(at_ms, "+", " ".join(words)) for words in left]


def _is(text: str, words: Sequence[str]) -> bool:
    """Returns whether words are what is expected: the first is the same, the others are there."""
    first, *others = text.split() or [""]
    return first == words[0] and set(others) <= set(words)


def _stands(stage: "_Stage", expected: Expected) -> list[Line]:
    """Returns a state beside what was expected."""
    assert expected.state is not None
    words = stage.state(expected.segment)
    text = f"state {expected.state}"
    if set(expected.state.split()) <= set(words):
        return [Line(expected.at_ms, " ", text)]
    return [
        Line(expected.at_ms, "-", text),
        Line(expected.at_ms, "+", f"state {' '.join(words)}"),
    ]


class _Stage:
    """Everything that there is while a scenario plays."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario, self._timing = scenario, scenario.rule.timing()
        self._instances: dict[Key, Instance] = {}
        self._board = _Board(scenario)
        name = scenario.rule.calendar
        unsaid = {} if name is None else {name: Calendar(ALWAYS)}
        self._evaluator = Evaluator([scenario.rule], {**unsaid, **scenario.calendars})
        self._seen_ms = scenario.start_ms

    def tick(self, tick: int) -> list[tuple[str, ...]]:
        """Returns what happens at a tick, then after it what people do."""
        scenario, happened = self._scenario, list[tuple[str, ...]]()
        self._board.turn(tick)
        if _at(scenario.switches.get("evaluator", ()), tick, default=True):
            for key, observation in self._observed(tick):
                events = self._step(key, observation)
                happened += [_words(event) for event in events]
        for deed in scenario.deeds:
            if deed.at_ms == tick * scenario.interval_ms:
                happened += self._do(deed)
        return happened

    def _observed(self, tick: int) -> Iterator[tuple[Key, Observation]]:
        """Yields what the rule sees; the calendar may be decreed."""
        opened = self._scenario.switches.get("calendar")
        seen = self._evaluator.tick(self._board, frozenset(self._instances))
        for key, observation in [(one.key, one.observation) for one in seen]:
            if opened is None:
                yield key, observation
            else:
                is_open = _at(opened, tick, default=True)
                yield key, msgspec.structs.replace(observation, open=is_open)

    def _step(self, key: Key, observation: Observation) -> tuple[Event, ...]:
        """Steps one instance, by way of its JSON; while the feed is stale Board time stands."""
        clock_ms = self._board.now_ms
        if observation.data != "stale":
            self._seen_ms = clock_ms
        at_ms = clock_ms if self._scenario.rule.on_clock else self._seen_ms
        before = self._instances.pop(key, None)
        after, events = step(before, observation, at_ms, clock_ms, self._timing, key)
        if after is not None:
            self._instances[key] = msgspec.json.decode(msgspec.json.encode(after), type=Instance)
        return events

    def _do(self, deed: Deed) -> list[tuple[str, ...]]:
        """Does what somebody does."""
        key = self._key(deed.segment)
        instance, clock_ms = self._instances.get(key), self._board.now_ms
        if deed.do == "end":
            after, events = end(instance, self._seen_ms, clock_ms, key, deed.reason)
        else:
            until_ms = None if deed.for_ms is None else clock_ms + deed.for_ms
            episode = instance.episode if instance is not None else ""
            what = Act(kind=deed.do, episode=episode, by=deed.by, note=deed.note, until_ms=until_ms)
            try:
                after, events = act(instance, what, clock_ms, self._timing, key)
            except ActRefused:
                return [("refused", deed.do, key.segment)]
        self._instances.pop(key, None)
        if after is not None:
            self._instances[key] = after
        return [_words(event) for event in events]

    def _key(self, segment: str | None) -> Key:
        """Returns the instance of a segment, or the first that there is."""
        known = [key.segment for key in self._instances] + [*self._board.heard_of, SITE]
        return Key(self._scenario.rule.id, known[0] if segment is None else segment)

    def state(self, segment: str | None) -> tuple[str, ...]:
        """Returns in what state an instance is, in words."""
        instance = self._instances.get(self._key(segment))
        if instance is None:
            return ("inactive",)
        said = {
            "acked": ongoing(instance) and instance.ack is not None,
            "unacked": ongoing(instance) and instance.ack is None,
            "snoozed": snoozed(instance, self._board.now_ms),
            "unseen": unseen(instance),
            "flapping": flapping(instance, self._board.now_ms, self._timing),
        }
        words = [instance.condition, instance.severity.name.lower(), instance.data]
        return (
            *words,
            *([instance.reason] if instance.reason else []),
            *(x for x in said if said[x]),
        )


def _words(event: Event) -> tuple[str, ...]:
    """Returns an event in words."""
    who = (event.by,) if event.by else ()
    severity = event.severity.name.lower()
    return (event.kind, severity, event.key.segment, event.reason, *who)


def _at(points: Sequence[bool], tick: int, *, default: bool) -> bool:
    """Returns a point; the last one stays."""
    return points[min(tick, len(points) - 1)] if points else default


def _back(tick: int, holds: Callable[[int], bool]) -> int:
    """Returns for how many ticks something has held, up to a tick; never for all there were."""
    return next((n for n in range(tick) if not holds(tick - n)), tick)


# -- what is shown


class _Board:
    """Readings as a scenario says that they are: what `alerting.core.view.BoardView` wants."""

    def __init__(self, scenario: Scenario) -> None:
        self.zone: Zone = scenario.zone
        self.now_ms = scenario.start_ms
        self.heard_of = list(dict.fromkeys(series.segment for series in scenario.series))
        self._scenario = scenario
        self._tick = 0
        self._fed = scenario.switches.get("feed", ())
        self._series: Mapping[tuple[str, str, str | None], Series] = {
            (series.segment, series.kpi.id, series.window): series for series in scenario.series
        }

    def turn(self, tick: int) -> None:
        """Goes on to a tick."""
        self._tick = tick
        self.now_ms = self._scenario.start_ms + tick * self._scenario.interval_ms

    def read(self, segment: str, kpi: str, window: str) -> Reading:
        """Returns one reading."""
        entry = find(kpi)
        point, age_ms = self._point(segment, kpi, window)
        as_of_ms = self.now_ms - age_ms if point.heard else None
        since_ms = None
        if entry.id == "wait_longest" and point.value is not None:
            since_ms = self.now_ms - round(point.value * 1000)
        return make(
            segment, entry, window, entry.choose(Formula()),
            Measured(point.value, point.n, point.part, point.whole),
            entry.target, Freshness(as_of_ms, rebuilding=False), since_ms=since_ms,
        )  # fmt: skip

    def segments(self, pattern: str) -> list[str]:
        """Returns the segments that a pattern means, of those that series speak of."""
        if "*" not in pattern:
            return [pattern]
        return sorted(segment for segment in self.heard_of if _fits(pattern, segment))

    def history(self, segment: str, kpi: str, at_ms: int) -> float | None:
        """Returns what a quarter hour of an earlier week was like."""
        weeks = self._scenario.history.get((segment, kpi), ())
        back = round((self.now_ms - at_ms) / _WEEK_MS)
        return weeks[back - 1] if 1 <= back <= len(weeks) else None

    def age_ms(self, topic: str | None) -> int | None:  # noqa: ARG002  there is one feed
        """Returns for how long the feed has been standing still."""
        return self._stood() * self._scenario.interval_ms

    def _stood(self) -> int:
        """Returns for how many ticks the feed has been standing still."""
        fed = self._fed
        return _back(self._tick, lambda tick: not _at(fed, tick, default=True))

    def _point(self, segment: str, kpi: str, window: str) -> tuple[Point, int]:
        """Returns what a series shows, and how old that is."""
        stood = self._stood()
        series = self._series.get((segment, kpi, window)) or self._series.get((segment, kpi, None))
        if series is None:
            return self._implied(segment, kpi), stood * self._scenario.interval_ms
        points, last = series.points, len(series.points) - 1
        held = _back(self._tick, lambda tick: points[min(tick, last)].stale)
        point = points[min(self._tick - stood, last)]
        return point, max(stood, held) * self._scenario.interval_ms

    def _implied(self, segment: str, kpi: str) -> Point:
        """Returns what goes without saying: whether anybody waits, from how long they wait."""
        if kpi != "waiting" or (segment, "wait_longest", None) not in self._series:
            return _SILENT
        point, _ = self._point(segment, "wait_longest", "live")
        waits = 0 if point.value is None else 1
        return point._replace(value=waits, n=waits)


def _fits(pattern: str, segment: str) -> bool:
    """Returns whether a segment is one of those that `queue:*` means."""
    wanted, found = pattern.split("+"), segment.split("+")
    return len(wanted) == len(found) and all(
        part == like or (like.endswith("*") and part.startswith(like[:-1]))
        for like, part in zip(wanted, found, strict=True)
    )
