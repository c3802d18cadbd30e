"""The reference of agents' time itself: the vendors' worked cases, and what must hold anywhere."""

import itertools
import json
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given, settings

from tests.core.agents_reference import (
    ANY_MS,
    DAY,
    FINE,
    HOUR,
    LOCAL_DAY,
    QUARTER,
    Cells,
    Walk,
    millis,
    states_add_up,
)
from tests.core.agents_worlds import World, world, worlds

MINUTE = 60_000
STATE, PLAN = "agent.state", "agent.schedule"
OUTS = ("out_late", "out_early_leave", "out_long_break", "out_wrong_activity")


def at(clock: str) -> str:
    """Returns an instant of the day of all these cases; 24:10 is on the next one."""
    hours, minutes = map(int, clock.split(":"))
    return f"2026-11-{2 + hours // 24:02}T{hours % 24:02}:{minutes:02}:00Z"


def state(clock: str, name: str, **data: Any) -> bytes:
    """Returns a state from a time on."""
    return event(STATE, f"s{clock}", clock, {"state": name, **data})


def plan(*activities: tuple[str, str, bool], revision: int = 1, **data: Any) -> bytes:
    """Returns a plan of (start, end, productive)."""
    listed = [
        {"start": at(start), "end": at(end), "activity": "x", "productive": productive}
        for start, end, productive in activities
    ]
    return event(PLAN, "p", "00:01", {"revision": revision, "activities": listed, **data})


def event(kind: str, name: str, clock: str, data: dict[str, Any]) -> bytes:
    """Returns an event's bytes."""
    event = {"type": kind, "id": name, "source": "t", "subject": "a", "time": at(clock)}
    return json.dumps({**event, "data": data}).encode()


def day(walk: Walk, clock: str, segment: str = "site") -> dict[str, Fraction]:
    """Returns a segment's minutes of the day, read at a time; an absent measure is 0."""
    cells = walk.cells(millis(at(clock)))
    found: dict[str, Fraction] = {}
    for (resolution, _, name), sums in cells.items():
        if resolution == LOCAL_DAY and name == segment:
            for measure, ms in sums.items():
                found[measure] = found.get(measure, Fraction(0)) + Fraction(ms, MINUTE)
    return found


def outs(minutes: dict[str, Fraction], suffix: str = "") -> dict[str, Fraction]:
    """Returns how the time out of adherence is split."""
    return {o: minutes[o + suffix] for o in OUTS if o + suffix in minutes}


def test_amazon_1() -> None:
    """Available before the shift is ignored; paused in it is out: 150 of 180 minutes."""
    events = [
        plan(("08:00", "11:00", True)), state("07:30", "available"), state("10:30", "paused"),
        state("11:00", "offline"),
    ]  # fmt: skip

    minutes = day(Walk(events, "UTC"), "11:00")

    assert minutes["adherent"] / minutes["scheduled"] == Fraction(5, 6)
    assert minutes["on_queue"] / minutes["productive"] == Fraction(180, 180)
    assert minutes["outside"] == minutes["outside_counted"] == 30
    assert outs(minutes) == {"out_early_leave": 30}


def test_amazon_2() -> None:
    """Overrunning into the break is out; a pause of one sort in another is not: 165 of 180."""
    events = [
        plan(("09:00", "10:30", True), ("10:30", "11:00", False), ("11:00", "12:00", False)),
        state("09:00", "available"), state("10:45", "paused", reason="break"),
        state("12:00", "offline"),
    ]  # fmt: skip

    walk = Walk(events, "UTC")
    minutes = day(walk, "12:00")

    assert minutes["adherent"] / minutes["scheduled"] == Fraction(11, 12)
    assert minutes["on_queue"] / minutes["productive"] == Fraction(105, 90)
    assert outs(minutes) == {"out_wrong_activity": 15}
    assert day(walk, "12:00", "pause:break")["paused"] == 75


def test_genesys() -> None:
    """Ten minutes late, ten minutes longer: 50 of 60, or of 70 where work out of shift counts."""
    events = [
        plan(("09:00", "10:00", True)), state("09:10", "available"), state("10:10", "offline"),
    ]  # fmt: skip

    minutes = day(Walk(events, "UTC"), "10:10")

    exception = minutes["adherent"] / (minutes["scheduled"] + minutes["outside_counted"])
    assert exception == Fraction(50, 70)
    assert minutes["adherent"] / minutes["scheduled"] == Fraction(50, 60)
    assert minutes["on_queue"] / minutes["productive"] == Fraction(60, 60)
    assert outs(minutes) == outs(minutes, "_strict") == {"out_late": 10}


def test_a_state_is_clipped_to_the_half_hours() -> None:
    """On contact from 05:23 to 06:15: 420, 1,800 and 900 s."""
    walk = Walk([state("05:23", "on_contact"), state("06:15", "offline")], "UTC")

    cells = walk.cells(millis(at("06:15")))

    for resolution, per_half_hour in ((FINE, 180), (QUARTER, 2)):
        halves: dict[int, int] = {}
        for (res, bucket, segment), sums in cells.items():
            if (res, segment) == (resolution, "site"):
                half = bucket // per_half_hour
                halves[half] = halves.get(half, 0) + sums["on_contact"] // 1000
        assert [halves[half] for half in sorted(halves)] == [420, 1800, 900]


def test_one_chat_of_three() -> None:
    """Fully occupied, with a third of the places used."""
    chat = [{"contact": "1", "channel": "chat", "state": "on_contact"}]
    events = [
        state("10:00", "available", capacity=3, contacts=chat), state("10:30", "offline")
    ]  # fmt: skip

    minutes = day(Walk(events, "UTC"), "10:30")

    assert minutes["busy"] / (minutes["busy"] + minutes.get("available", 0)) == 1
    assert minutes["contacts"] / minutes["capacity"] == Fraction(1, 3)


@pytest.mark.parametrize(
    ("tolerance", "adherent", "outside"), [(0, 55, 5), (3, 58, 2), (5, 60, 0), (30, 60, 0)]
)
def test_within_tolerance_the_other_side_of_a_boundary_counts(
    tolerance: int, adherent: int, outside: int
) -> None:
    """Five minutes late and five minutes longer."""
    events = [
        plan(("09:00", "10:00", True)), state("09:05", "available"), state("10:05", "offline"),
    ]  # fmt: skip

    minutes = day(Walk(events, "UTC", tolerance_ms=tolerance * MINUTE), "12:00")

    assert minutes["adherent"] == minutes["adherent_strict"] == adherent
    assert minutes["outside"] == 5
    assert minutes.get("outside_counted", 0) == outside
    assert minutes.get("out_late", 0) == 60 - adherent


def test_a_long_break_begins_in_a_break() -> None:
    """Late, offline in the break, a pause of one's own, a break that is overrun, gone early."""
    events = [
        plan(("09:00", "11:00", True), ("11:00", "11:30", False), ("11:30", "15:00", True)),
        state("09:10", "available"), state("10:00", "paused"), state("10:20", "available"),
        state("11:05", "offline"), state("11:10", "paused"), state("11:37", "on_contact"),
        state("14:50", "offline"),
    ]  # fmt: skip

    minutes = day(Walk(events, "UTC"), "23:00")

    kinds = {"out_late": 10, "out_long_break": 7, "out_early_leave": 10}
    assert outs(minutes) == {**kinds, "out_wrong_activity": 20 + 5}
    assert outs(minutes, "_strict") == {**kinds, "out_wrong_activity": 20 + 10}
    assert minutes["out"] == minutes["scheduled"] - minutes["adherent"]


def test_a_state_is_unknown_after_two_heartbeats_or_sixteen_hours() -> None:
    """An unknown agent is neither scheduled nor paused for a reason."""
    events = [
        plan(("01:00", "03:00", True)), state("01:00", "available", heartbeat_s=600),
        state("02:00", "paused", reason="lunch"),
    ]  # fmt: skip

    walk = Walk(events, "UTC")

    assert day(walk, "23:00")["unknown"] == 40 + 5 * 60
    assert day(walk, "23:00")["scheduled"] == 20 + 60
    assert day(walk, "23:00", "pause:lunch")["paused"] == 16 * 60
    assert walk.live(millis(at("17:59")))["site"] == {"paused": 1, "staffed": 1}
    assert walk.live(millis(at("18:00")) + 9 * DAY) == {
        "site": {"unknown": 1}, "agent:a": {"unknown": 1}
    }  # fmt: skip


@pytest.mark.parametrize(("expires", "scheduled"), [(True, None), (False, 60)])
def test_whether_offline_becomes_unknown_is_a_choice(expires: bool, scheduled: int | None) -> None:
    """Gone home at 00:00, missing at 20:00: out of adherence, or nobody knows."""
    events = [plan(("20:00", "21:00", True)), state("00:00", "offline")]

    minutes = day(Walk(events, "UTC", offline_expires=expires), "23:00")

    assert minutes.get("scheduled") == minutes.get("out_late") == scheduled
    assert minutes.get("unknown") == (7 * 60 if expires else None)


def test_an_agent_with_a_plan_and_no_state_is_offline() -> None:
    """So the whole shift is missed, in the team that the plan names."""
    walk = Walk([plan(("09:00", "10:00", True), team="T")], "UTC")

    assert day(walk, "09:30", "team:T")["out_late"] == 30
    assert walk.live(millis(at("09:30")))["team:T"]["missing"] == 1


@pytest.mark.parametrize(
    "rival",
    [
        plan(("09:00", "10:00", True), ("09:30", "11:00", True), revision=9, date="2026-11-02"),
        plan(("10:00", "09:00", True), revision=9, date="2026-11-02"),
        plan(revision=9),
        plan(revision=0, date="2026-11-02"),
        plan(revision=9, date="2026-11-03"),
    ],
)
def test_a_refused_or_older_plan_counts_as_never_sent(rival: bytes) -> None:
    """So the lower revision stands; a day off displaces its own date only."""
    walk = Walk([rival, plan(("09:00", "10:00", True))], "UTC")

    assert day(walk, "12:00")["scheduled"] == 60


def test_the_later_start_wins_and_gives_way_when_it_ends() -> None:
    """Yesterday's night shift goes on under today's meeting."""
    events = [
        plan(("20:00", "26:00", True)),
        plan(("24:30", "25:00", False)),
    ]

    scheduled = Walk(events, "UTC").cells(millis(at("30:00")))

    assert [
        (sums["scheduled"] // MINUTE, sums.get("productive", 0) // MINUTE)
        for (resolution, _, segment), sums in sorted(scheduled.items())
        if (resolution, segment) == (LOCAL_DAY, "site")
    ] == [(4 * 60, 4 * 60), (2 * 60, 90)]


@settings(max_examples=25)
@given(worlds())
def test_random_worlds_hold_together(w: World) -> None:
    """States fill the buckets, kinds of being out add up, no resolution knows more than another."""
    walk = Walk(w.arrivals, w.zone, tolerance_ms=w.tolerance, step_ms=w.step)
    assert all(states_add_up(walk, now) for now in w.nows)
    cells = walk.cells(w.nows[-1])
    check_sums(cells)
    by_resolution = [totals(cells, r, ("site",)) for r in (FINE, QUARTER, LOCAL_DAY)]
    assert by_resolution[0] == by_resolution[1] == by_resolution[2]
    agents = [f"agent:{a}" for a in walk.agents]
    assert totals(cells, QUARTER, agents) == by_resolution[1]


@settings(max_examples=15)
@given(worlds())
def test_from_change_to_change_is_as_from_step_to_step(w: World) -> None:
    """The walk without a grid says of worlds on a grid what the one of the grid says."""
    assume(w.step > ANY_MS)
    grid = Walk(w.arrivals, w.zone, tolerance_ms=w.tolerance, step_ms=w.step)
    free = Walk(w.arrivals, w.zone, tolerance_ms=w.tolerance, step_ms=ANY_MS)
    for now in w.nows:
        assert free.cells(now) == grid.cells(now)
        assert free.live(now) == grid.live(now)


def check_sums(cells: Cells) -> None:
    """Checks what must hold in every cell."""
    for sums in cells.values():
        for suffix in ("", "_strict"):
            out = sums.get(f"out{suffix}", 0)
            assert out == sums.get("scheduled", 0) - sums.get(f"adherent{suffix}", 0)
            assert out == sum(sums.get(o + suffix, 0) for o in OUTS)
            assert out >= sums.get(f"missing{suffix}", 0)
        assert sums.get("outside", 0) >= sums.get("outside_counted", 0)
        assert sums.get("on_queue", 0) + sums.get("paused", 0) == sums.get("staffed", 0)


def totals(cells: Cells, resolution: int, segments: Sequence[str]) -> dict[str, int]:
    """Returns the sums of some segments over all buckets of a resolution."""
    found: dict[str, int] = {}
    for (res, _, segment), sums in cells.items():
        if res == resolution and segment in segments:
            for measure, value in sums.items():
                found[measure] = found.get(measure, 0) + value
    return found


def test_worlds_are_disorderly() -> None:
    """Every measure occurs somewhere, and every sort of disorder."""
    measures: set[str] = set()
    segments: set[str] = set()
    seen: set[str] = set()
    for seed in range(12):
        w = world(seed)
        walk = Walk(w.arrivals, w.zone, tolerance_ms=w.tolerance, step_ms=w.step)
        cells = walk.cells(w.nows[-1], fine_from=w.nows[-1])
        measures |= {m for sums in cells.values() for m in sums}
        segments |= {segment for _, _, segment in cells}
        seen |= {word for word, found in disorder(w, walk) if found}

    outs = {f"{o}{suffix}" for o in OUTS for suffix in ("", "_strict")}
    assert outs | {"missing", "contacts", "capacity", "outside_counted", "unknown"} <= measures
    assert {"team:équipe", "queue:sales", "pause:lunch", "site:lyon"} <= segments
    assert seen == {word for word, _ in disorder(w, walk)}


def disorder(w: World, walk: Walk) -> list[tuple[str, bool]]:
    """Returns what is disorderly in a world."""
    events = [json.loads(raw) for raw in set(w.arrivals)]
    states = [e for e in events if e["type"] == STATE]
    plans = [e["data"] for e in events if e["type"] == PLAN]
    identities = {(e["source"], e["id"]) for e in states}
    return [
        ("late", any(one > other + HOUR for one, other in itertools.pairwise(w.times))),
        ("twice", len(events) < len(w.arrivals)),
        ("one identity", len(identities) < len(states)),
        ("one time", len({(e["subject"], e["time"]) for e in states}) < len(states)),
        ("no state", not all(walk.facts.values())),
        ("no plan", not all(walk.plans.values())),
        ("refused", any(not p["activities"] and "date" not in p for p in plans)),
        ("day off", any(not p["activities"] and "date" in p for p in plans)),
        ("revised", len({p.get("date") for p in plans}) < len(plans)),
        ("tolerance", w.tolerance > 0),
    ]
