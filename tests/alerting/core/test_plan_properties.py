"""What holds for every history of alerts, people and rule files."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from alerting.core.shapes import Key, Severity
from alerting.core.telling import Group, Member, Notice
from tests.alerting.core.muting import coarser, flaps, muters, persons
from tests.alerting.core.planning import (
    ALERTS,
    CHAIN,
    CRITICAL,
    MINUTE,
    NONE,
    OPEN,
    SECOND,
    SOME,
    WARNING,
    World,
    encoded,
    key,
)

SPANS: Final = st.sampled_from((5, 20, 45, 120, 400)).map(lambda s: s * SECOND)
TICKS: Final = st.sampled_from((1, 5, 10, 10, 10, 20, 60)).map(lambda s: s * SECOND)
NAMES: Final = st.sampled_from(ALERTS)
SEVERITIES: Final = st.sampled_from((CRITICAL, CRITICAL, WARNING, WARNING, NONE))
ACTS: Final = st.sampled_from(("ack", "ack", "unack", "snooze", "note"))
_replace = msgspec.structs.replace


@dataclass(frozen=True)
class Beat:
    """Something happens, then time passes."""

    what: str
    name: str = ALERTS[0]
    severity: Severity = NONE
    kind: str = ""
    span_ms: int = SECOND
    tick_ms: int = 10 * SECOND
    ticks: int = 1
    every: int = 1
    """The planner is called each so many ticks."""

    def happen(self, world: World) -> None:
        """Lets it happen."""
        match self.what:
            case "raise":
                world.at(self.name, self.severity)
            case "act":
                world.act(self.name, self.kind, self.span_ms)
            case "silence":
                rule, segment = key(self.name)
                world.hush(self.name, self.span_ms, rules=(rule,), segments=(segment,))
            case "hush warnings":
                world.hush("w", self.span_ms, "maintenance", severity="warning")
            case "speak":
                world.quiet = {
                    name: _replace(one, until_ms=min(one.until_ms, world.clock_ms))
                    for name, one in world.quiet.items()
                }
            case "reload":
                world.reload(SOME[self.span_ms // SECOND % len(SOME)])
            case _:
                pass


WHAT: Final = st.sampled_from(
    ("raise",) * 6 + ("act", "act", "act", "silence", "silence", "speak", "hush warnings", "reload")
)
BEATS: Final = st.builds(
    Beat, WHAT, NAMES, SEVERITIES, ACTS, SPANS, TICKS, st.integers(3, 30),
    st.sampled_from((1, 1, 1, 2, 5)),
)  # fmt: skip
HISTORIES: Final = st.lists(BEATS, min_size=10, max_size=20)
FILES: Final = st.sampled_from((*SOME, CHAIN))
CALM: Final = [
    *(Beat("raise", name, tick_ms=SECOND) for name in ALERTS),
    Beat("nothing", ticks=9),
    Beat("nothing", tick_ms=MINUTE, ticks=12),
]
"""Everything becomes clear, and time enough passes for everybody to be told."""


def play(world: World, beats: list[Beat]) -> Iterator[list[Notice]]:
    """Yields what each call of the planner tells."""
    for beat in beats:
        beat.happen(world)
        for tick in range(beat.ticks):
            world.pass_(beat.tick_ms)
            if tick % beat.every == 0:
                yield world.plan()


@given(FILES, HISTORIES)
def test_who_was_told_that_it_fires_is_told_its_end(files: object, beats: list[Beat]) -> None:
    """Whatever silence began in between, and whatever was edited; once for each firing."""
    world = World(files)  # type: ignore[arg-type]
    for notices in play(world, [*beats, *CALM]):
        for notice in notices:
            if notice.kind == "resolve":
                assert notice.to == ("told",)
    assert set(world.knows.values()) <= {"resolve"}
    assert world.groups == {}
    for address, episode in {(a, e) for a, _, e in world.heard}:
        heard = [k for a, k, e in world.heard if (a, e) == (address, episode)]
        firing = False
        for kind in heard:  # never an end without a beginning, never two ends
            assert kind in OPEN or firing
            firing = kind != "resolve"


@given(st.sampled_from([s for s in SOME if not any(r.continue_ for r in s.routes)]), HISTORIES)
def test_an_end_is_told_if_and_only_if_a_beginning_was(files: object, beats: list[Beat]) -> None:
    """Who fires and is over before anybody was told is not told at all."""
    world = World(files)  # type: ignore[arg-type]
    told: set[str] = set()
    for notices in play(world, [b for b in beats if b.what != "reload"] + CALM):
        for notice in notices:
            for item in notice.items:
                if notice.kind == "resolve":
                    assert item.episode in told
                    told.remove(item.episode)
                elif notice.kind in OPEN:
                    told.add(item.episode)
                else:
                    assert item.episode in told
    assert not told


@given(FILES, HISTORIES)
def test_nobody_is_told_of_what_is_muted_or_taken_on(files: object, beats: list[Beat]) -> None:
    """Except its end, and that somebody has taken it on; and nothing that is over fires."""
    world = World(files)  # type: ignore[arg-type]
    for notices in play(world, beats):
        for notice in (n for n in notices if n.items):
            for item in notice.items:
                if notice.kind in OPEN:
                    assert world.suppressed(item.key) == ()
                    instance = world.instances[item.key]
                    assert (instance.episode, instance.ack) == (item.episode, None)


@given(FILES, HISTORIES)
def test_whoever_is_muted_no_longer_is_told(files: object, beats: list[Beat]) -> None:
    """What fires and is not told for a reason is told when there is none any more."""
    world = World(files)  # type: ignore[arg-type]
    since: dict[str, int] = {}
    """Episodes that must be told → from when on."""
    for notices in play(world, [*beats, *CALM]):
        told = {item.episode for n in notices if n.kind in OPEN for item in n.items}
        firing = world.firing()
        for of, one in firing.items():
            wanted = world.planner.routed(of, one.severity)
            if world.suppressed(of) or one.ack:
                since.pop(one.episode, None)
                if world.suppressed(of) and wanted:
                    since[one.episode] = -1
            elif since.get(one.episode) == -1 and wanted:
                since[one.episode] = world.clock_ms
            if one.episode in told:
                since.pop(one.episode, None)
        for episode in since.keys() - {one.episode for one in firing.values()}:
            del since[episode]
        late = {e for e, ms in since.items() if ms > 0 and world.clock_ms - ms > 5 * MINUTE}
        assert not late


@given(FILES, HISTORIES)
@example(
    SOME[0],
    [
        Beat("raise", "waits site", CRITICAL, ticks=3),
        Beat("silence", "waits site", span_ms=400 * SECOND),
        Beat("raise", "waits queue:a", CRITICAL, ticks=30),
    ],
)
def test_of_every_critical_alert_somebody_is_told(files: object, beats: list[Beat]) -> None:
    """Or people keep that one silent, or what is told of another one says it, or it flaps."""
    world = World(files)  # type: ignore[arg-type]
    since: dict[str, int] = {}
    """Episodes of which somebody must be told → from when on."""
    for _ in play(world, beats):
        owed = {one.episode for of, one in world.firing().items() if _owed(world, of)}
        heard = {episode for (episode, _), what in world.knows.items() if what == "fire"}
        since = {episode: since.get(episode, world.clock_ms) for episode in owed - heard}
        assert all(world.clock_ms - ms < 2 * MINUTE for ms in since.values())  # the digest


def _owed(world: World, of: Key) -> bool:
    """Returns whether somebody must be told of an alert."""
    one = world.instances[of]
    return (
        one.severity is CRITICAL
        and one.ack is None
        and world.planner.routed(of, one.severity)
        and not any(persons(world, of, "quiet", "snooze"))
        and not any(muters(world, of))
        and not any(_said(world, source) for source in world.firing() if coarser(world, source, of))
        and not flaps(world, of)
    )


def _said(world: World, of: Key) -> bool:
    """Returns whether people are being told of an alert, or somebody has taken it on."""
    one = world.instances[of]
    silent = any(persons(world, of, "quiet", "snooze")) or any(muters(world, of))
    return world.planner.routed(of, one.severity) and not silent and not flaps(world, of)


@given(FILES, HISTORIES)
def test_no_critical_alert_waits_for_long(files: object, beats: list[Beat]) -> None:
    """Not at all if none that was told is open and untaken, else for more; a digest has its pace.

    So the first one of a group is told at once, whatever else waits in it.
    """
    world = World(files)  # type: ignore[arg-type]
    for _ in play(world, beats):
        for group in world.groups.values():
            pace = world.planner.pace(group)
            critical = [m for m in _untaken(world, group) if m.event.severity is CRITICAL]
            if pace.digest_ms is None and any(m.waiting for m in critical):
                assert any(m.told is CRITICAL and not m.waiting for m in critical)
                assert group.flush_ms is not None
                assert group.flush_ms <= world.clock_ms + pace.wait_ms


def _untaken(world: World, group: Group) -> list[Member]:
    """Returns what is open in a group, and neither muted nor taken on."""
    return [
        m for m in group.members.values()
        if not m.over and not m.muted and world.instances[m.key].ack is None
    ]  # fmt: skip


@given(FILES, HISTORIES, st.sampled_from((WARNING, CRITICAL)))
def test_people_are_not_told_too_often(files: object, beats: list[Beat], most: Severity) -> None:
    """`group_interval` lies between what is new, criticals and the end of it all left out."""
    world = World(files)  # type: ignore[arg-type]
    beats = [replace(beat, severity=min(beat.severity, most)) for beat in beats]
    last: dict[str, int] = {}
    for notices in play(world, [b for b in beats if b.what != "reload"] + CALM):
        for name in {n.group for n in notices if n.kind in {"fire", "worse", "resolve"}}:
            mine = [
                n for n in notices if n.group == name and n.kind in {"fire", "worse", "resolve"}
            ]
            before, last[name] = last.get(name), world.clock_ms
            if name not in world.groups:
                del last[name]
                continue
            if before is None or any(
                i.severity is CRITICAL for n in mine if n.kind != "resolve" for i in n.items
            ):
                continue
            pace = world.planner.pace(world.groups[name])
            assert world.clock_ms - before >= (pace.digest_ms or pace.interval_ms)


@given(FILES, HISTORIES)
def test_steps_of_a_chain_follow_each_other(files: object, beats: list[Beat]) -> None:
    """Each once, unless something new begins it again; not before its time."""
    world = World(files)  # type: ignore[arg-type]
    at: dict[str, tuple[int, int]] = {}
    for notices in play(world, [*beats, *CALM]):
        for notice in notices:
            name = notice.id.rpartition("|")[0]
            step, since_ms = at.get(name, (0, 0))
            if notice.kind == "escalation":
                assert notice.step == step + 1
                assert world.clock_ms >= since_ms + 2 * MINUTE
            if notice.kind in OPEN:
                assert notice.step in {step, step + 1} or notice.kind == "fire"
                moved = notice.step != step or name not in at
                at[name] = notice.step, world.clock_ms if moved else since_ms
            if notice.then is not None:
                assert notice.then.at_ms >= world.clock_ms  # both may be due at once


@given(FILES, HISTORIES)
def test_the_same_history_gives_the_same_notices(files: object, beats: list[Beat]) -> None:
    """Through a store and back, too; no two of them have one id."""
    one, other = World(files), World(files, store=True)  # type: ignore[arg-type]
    for _ in zip(play(one, beats), play(other, beats), strict=True):
        assert one.groups == other.groups == encoded(other.groups)
    assert one.notices == other.notices
    ids = [notice.id for notice in one.notices]
    assert len(ids) == len(set(ids))


@given(FILES, HISTORIES, st.integers(1, 9))
def test_looking_more_often_changes_nothing(files: object, beats: list[Beat], tenths: int) -> None:
    """Neither at once again, nor at any time at which nothing is due."""
    world = World(files)  # type: ignore[arg-type]
    for _ in play(world, beats):
        again = world.planned()
        assert (again.groups, again.notices, again.quiet) == ({}, (), {})
        between_ms = world.clock_ms + tenths * _until(world) // 10
        again = world.planned(between_ms)
        assert (again.groups, again.notices, again.quiet) == ({}, (), {})


def _until(world: World) -> int:
    """Returns how long nothing is due."""
    times = [world.planner.due(group) for group in world.groups.values()]
    times += [ms for one in world.quiet.values() for ms in (one.from_ms, one.until_ms)]
    times += [one.snooze.until_ms for one in world.instances.values() if one.snooze]
    return min((ms - world.clock_ms for ms in times if ms and ms > world.clock_ms), default=MINUTE)


@given(FILES, HISTORIES)
def test_the_auditor_agrees_with_the_planner(files: object, beats: list[Beat]) -> None:
    """And with nobody who takes a timer out; looking at everything puts it back."""
    world = World(files)  # type: ignore[arg-type]
    for _ in play(world, beats):
        assert world.complaints() == []
        for name, group in dict(world.groups).items():
            for timer in ("flush_ms", "step_ms", "repeat_ms"):
                if getattr(group, timer) is None:
                    continue
                world.groups[name] = _replace(group, **{timer: None})
                assert world.complaints()
                mended = world.planner.step(
                    world.groups, (), world.instances, world.quiet, world.clock_ms,
                    world.clock_ms, mend=True,
                )  # fmt: skip
                after = mended.groups[name]
                assert after is None or getattr(after, timer) is not None or mended.notices
                world.groups[name] = group


@given(FILES, HISTORIES)
def test_an_alert_that_is_in_no_group_is_put_into_one(files: object, beats: list[Beat]) -> None:
    """The auditor says so, and the next look finds it, whoever lost it."""
    world = World(files)  # type: ignore[arg-type]
    for _ in play(world, beats):
        pass
    world.plan()
    world.groups.clear()
    routed = [of for of, one in world.firing().items() if world.planner.routed(of, one.severity)]
    assert len(world.complaints()) == len(routed)
    world.plan()
    assert world.complaints() == []
    homes: set[Key] = {m.key for g in world.groups.values() for m in g.members.values()}
    assert homes == set(routed)
