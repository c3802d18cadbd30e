"""What holds for every timeline of one instance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.core.machine import ActRefused, act, ongoing, step
from alerting.core.shapes import (
    Act,
    Data,
    Event,
    Instance,
    NoData,
    Observation,
    Severity,
    Timing,
)
from tests.alerting.core.machines import (
    CALM,
    KEY,
    NONE,
    SECOND,
    WARNING,
    Tick,
    facts,
    reloaded,
)

BEGIN: Final = 1_000_000_000_000
_CHANGES: Final = {"fire", "escalate", "deescalate", "reopen", "resolve", "close"}


@dataclass(frozen=True)
class Beat:
    """One tick and how long after the one before; what somebody does after it."""

    tick: Tick
    after_ms: int = 10 * SECOND
    act: str = ""


SEVERITIES: Final = st.sampled_from(Severity)
DATA: Final[st.SearchStrategy[Data]] = st.sampled_from(
    ("ok", "ok", "ok", "ok", "few", "missing", "stale")
)
GAPS: Final = st.sampled_from((10, 10, 10, 10, 20, 30, 31, 900)).map(lambda s: s * SECOND)


def _tick(data: Data, raised: Severity, kept: Severity, shut: int, value: int) -> Tick:
    ok = data == "ok"
    return Tick(
        raised if ok else NONE, max(raised, kept) if ok else NONE, data, shut > 0, value / 100
    )


TICKS: Final = st.builds(
    _tick, DATA, SEVERITIES, SEVERITIES, st.integers(0, 15), st.integers(0, 100)
)


def beats(*, acts: bool = True) -> st.SearchStrategy[list[Beat]]:
    """A timeline: what is shown stays for a while, as it does; then somebody may act."""
    names = ("", "", "", "ack", "unack", "snooze", "note", "resolve") if acts else ("",)
    stretch = st.tuples(TICKS, GAPS, st.integers(0, 7), st.sampled_from(names))
    return st.lists(stretch, min_size=1, max_size=12).map(
        lambda found: [
            beat
            for tick, gap, times, name in found
            for beat in (*[Beat(tick, gap)] * times, Beat(tick, gap, name))
        ]
    )


@st.composite
def timings(draw: st.DrawFn) -> Timing:
    """Rules of one or two levels, with times that a timeline can reach."""
    spans = st.sampled_from((0, 10, 20, 40, 60)).map(lambda s: s * SECOND)
    levels = draw(st.sampled_from(((WARNING,), (Severity.CRITICAL,), (WARNING, Severity.CRITICAL))))
    no_data: NoData = draw(st.sampled_from(("keep", "resolve", "fire")))
    return Timing(
        for_ms={level: draw(spans) for level in levels},
        keep_firing_ms=draw(spans),
        reopen_within_ms=draw(spans) * 2,
        max_blind_ms=draw(spans),
        evaluate_every_ms=10 * SECOND,
        ack_timeout_ms=draw(spans),
        no_data=no_data,
        flap_max_ms=60 * SECOND,
    )


def seen(tick: Tick) -> Observation:
    """Returns the observation of a tick."""
    return Observation(
        data=tick.data, raised=tick.raised, kept=tick.kept, open=tick.open, facts=facts(tick.value)
    )


@dataclass(frozen=True)
class Step:
    """A step, with what was before and after it."""

    beat: Beat
    at_ms: int
    clock_ms: int
    before: Instance | None
    after: Instance | None
    events: tuple[Event, ...]
    ticked: bool = True
    """False where it is what somebody did."""


def play(timing: Timing, line: Sequence[Beat], *, reload: bool = False) -> list[Step]:
    """Runs a timeline; with `reload` every state goes through the store."""
    instance: Instance | None = None
    at_ms = clock_ms = BEGIN
    steps = []
    for beat in line:
        clock_ms += beat.after_ms
        at_ms = at_ms if beat.tick.data == "stale" else clock_ms
        before = reloaded(instance) if reload else instance
        instance, events = step(before, seen(beat.tick), at_ms, clock_ms, timing, KEY)
        steps.append(Step(beat, at_ms, clock_ms, before, instance, events))
        if beat.act and instance is not None:
            what = Act(
                kind=beat.act,  # type: ignore[arg-type]
                episode=instance.episode,
                by="p7",
                note="a word",
                until_ms=clock_ms + 60 * SECOND,
            )
            before = instance
            try:
                instance, done = act(instance, what, clock_ms, timing, KEY)
            except ActRefused:
                continue
            steps.append(
                Step(
                    Beat(CALM, act=beat.act), at_ms, clock_ms, before, instance, done, ticked=False
                )
            )
    return steps


def events_of(steps: Sequence[Step]) -> list[Event]:
    """Returns everything that happened."""
    return [event for one in steps for event in one.events]


def changes(steps: Sequence[Step]) -> list[Event]:
    """Returns what happened without what people did."""
    return [event for event in events_of(steps) if event.kind in _CHANGES]


@given(timings(), beats())
def test_an_episode_begins_and_ends_in_turn(timing: Timing, line: list[Beat]) -> None:
    """No end without a beginning; fire once, then reopen; one episode at a time."""
    running = ""
    known: list[str] = []
    for event in events_of(play(timing, line)):
        match event.kind:
            case "fire":
                assert not running
                assert event.episode not in known
                running = event.episode
                known.append(running)
            case "reopen":
                assert not running
                assert event.episode == known[-1]
                running = event.episode
            case "resolve" | "close":
                assert event.episode == running
                running = ""
            case "escalate" | "deescalate" | "ack_expired" | "snooze" | "unack":
                assert event.episode == running
            case _:
                assert event.episode == known[-1]


@given(timings(), beats())
def test_the_order_of_severities(timing: Timing, line: list[Beat]) -> None:
    """Escalate goes up, deescalate down, never to none; the end tells the last; levels exist."""
    now = NONE
    for event in changes(play(timing, line)):
        match event.kind:
            case "fire" | "reopen":
                assert event.severity in timing.for_ms
            case "escalate":
                assert event.severity > now
            case "deescalate":
                assert NONE < event.severity < now
            case _:
                assert event.severity is now
        now = event.severity


@given(timings(), beats())
def test_a_replay_gives_the_same_events(timing: Timing, line: list[Beat]) -> None:
    """The same observations, the same story."""
    assert play(timing, line) == play(timing, line)


@given(timings(), beats())
def test_a_store_loses_nothing(timing: Timing, line: list[Beat]) -> None:
    """Whoever takes over at any step goes on as if nothing had happened."""
    straight, stored = play(timing, line), play(timing, line, reload=True)
    assert [s.after for s in stored] == [s.after for s in straight]
    assert events_of(stored) == events_of(straight)


@given(timings(), beats())
def test_the_state_is_small_and_tells_a_whole_story(timing: Timing, line: list[Beat]) -> None:
    """A condition has what belongs to it; an instance takes no more than 2 kB."""
    for one in play(timing, line):
        instance = one.after
        if instance is None:
            continue
        assert len(msgspec.json.encode(instance)) < 2000
        assert (instance.severity > NONE) is ongoing(instance)
        assert instance.worst >= instance.severity
        if ongoing(instance):
            assert instance.episode
            assert instance.resolved_at_ms is None
        if instance.condition == "resolved":
            assert instance.episode
            assert instance.resolved_at_ms is not None
            assert instance.reason
        if instance.condition == "pending":
            assert instance.raised_since


@given(timings(), beats())
def test_escalating_voids_an_acknowledgement(timing: Timing, line: list[Beat]) -> None:
    """Nobody has taken on what got worse, and nobody has silenced it."""
    for one in play(timing, line):
        if any(event.kind == "escalate" for event in one.events):
            assert one.after is not None
            assert (one.after.ack, one.after.snooze) == (None, None)


@given(timings(), beats())
def test_a_stale_feed_freezes(timing: Timing, line: list[Beat]) -> None:
    """Nothing but promises by the clock moves, and it leaves no trace but its name."""
    for one in play(timing, line):
        if one.beat.tick.data != "stale":
            continue
        assert all(event.kind == "ack_expired" for event in one.events)
        if one.before is None or one.after is None:
            assert one.before is one.after
            continue
        same = msgspec.structs.replace(one.before, data=one.after.data, ack=one.after.ack)
        assert one.after == same


@given(timings(), beats(acts=False))
def test_stale_ticks_count_for_nothing(timing: Timing, line: list[Beat]) -> None:
    """Any number of stale ticks in a row does what one of them does: Board time stands."""
    once: list[Beat] = []
    for beat in line:
        if beat.tick.data == "stale" and once and once[-1].tick.data == "stale":
            once[-1] = Beat(beat.tick, once[-1].after_ms + beat.after_ms)
        else:
            once.append(beat)
    timing = msgspec.structs.replace(timing, ack_timeout_ms=0)
    assert changes(play(timing, once)) == changes(play(timing, line))


@given(timings(), beats())
def test_events_tell_the_facts_of_their_tick(timing: Timing, line: list[Beat]) -> None:
    """What is told is what was seen, at the times at which it was seen."""
    for one in play(timing, line):
        for event in one.events:
            assert event.clock_ms == one.clock_ms
            if event.kind in _CHANGES:
                assert event.at_ms == one.at_ms
                assert event.facts == facts(one.beat.tick.value)


@given(timings(), beats(acts=False), st.sampled_from((1, 2, 5, 10)))
def test_evaluating_more_often_changes_nothing(
    timing: Timing, line: list[Beat], often: int
) -> None:
    """A reading that is looked at again and again until it changes gives the same events.

    To the millisecond where all times are whole ticks; otherwise they are rounded up to one.
    """
    timing = msgspec.structs.replace(timing, flap_backoff=2.0)
    steady = [Beat(beat.tick._replace(data="ok")) for beat in line]
    finer = [steady[0]]
    for beat in steady[1:]:
        part = beat.after_ms // often
        finer += [Beat(finer[-1].tick, part)] * (often - 1) + [Beat(beat.tick, part)]
    assert changes(play(timing, finer)) == changes(play(timing, steady))


@given(timings(), beats(acts=False))
def test_looking_twice_at_once_changes_nothing(timing: Timing, line: list[Beat]) -> None:
    """Whatever is shown, showing it again at the same instant gives no event."""
    twice = [again for beat in line for again in (beat, Beat(beat.tick, 0))]
    assert changes(play(timing, twice)) == changes(play(timing, line))


@given(timings(), beats(acts=False), st.data())
def test_what_is_never_worse_fires_never_earlier(
    timing: Timing, line: list[Beat], data: st.DataObject
) -> None:
    """A milder timeline fires at the same tick or later, or not at all."""
    milder = []
    for beat in line:
        raised = min(beat.tick.raised, data.draw(SEVERITIES))
        kept = max(raised, min(beat.tick.kept, data.draw(SEVERITIES)))
        milder.append(Beat(beat.tick._replace(raised=raised, kept=kept), beat.after_ms))
    mild, hard = changes(play(timing, milder)), changes(play(timing, line))
    if mild:
        assert hard[0].at_ms <= mild[0].at_ms
        assert hard[0].at_ms < mild[0].at_ms or hard[0].severity >= mild[0].severity


@given(timings(), beats())
def test_inside_its_band_an_alert_never_flaps(timing: Timing, line: list[Beat]) -> None:
    """Neither raised above nor clear at its level: nothing happens."""
    for one in play(timing, line):
        tick = one.beat.tick
        if not ongoing(one.before) or one.before is None or not one.ticked:
            continue
        if tick.data == "ok" and tick.open and tick.raised <= one.before.severity <= tick.kept:
            assert all(event.kind == "ack_expired" for event in one.events)
            assert one.after is not None
            assert one.after.condition == "firing"


@given(timings(), beats())
def test_nothing_fires_before_its_for(timing: Timing, line: list[Beat]) -> None:
    """What fires was raised, or blank where that counts, for as long as the level asks."""
    steps = [one for one in play(timing, line) if one.ticked]
    for n, one in enumerate(steps):
        for event in one.events:
            if event.kind not in {"fire", "reopen", "escalate"} or event.reason == "no_data":
                continue
            since, back = one.at_ms, n
            while back >= 0 and steps[back].beat.tick.data in {"stale", "missing"} | (
                {"ok"} if steps[back].beat.tick.raised >= event.severity else set()
            ):
                since, back = steps[back].at_ms, back - 1
            assert one.at_ms - since >= timing.for_ms[event.severity]


@pytest.mark.parametrize("backoff", [1.0, 1.5, 10.0])
def test_hundreds_of_reopenings_do_not_overflow(backoff: float) -> None:
    """The hold stays a number, however often it grew."""
    timing = Timing(
        for_ms={WARNING: 0}, keep_firing_ms=SECOND, reopen_within_ms=60 * SECOND,
        flap_backoff=backoff, flap_max_ms=30 * SECOND,
    )  # fmt: skip
    calm = [Beat(CALM)] * 4
    steps = play(timing, [Beat(Tick(WARNING, WARNING)), *calm] * 200)
    assert steps[-1].after is not None
    assert steps[-1].after.n_reopen == 199
