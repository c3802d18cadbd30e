"""What is kept of agents, and how long: weeks of simulated days."""

import datetime as dt
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from streams.core import history
from streams.core.agents.archive import Archive
from streams.core.buckets import (
    DAY,
    DAY_MS,
    FINE,
    HOUR_MS,
    QUARTER,
    Retention,
    Zone,
    bucket_start_ms,
)
from streams.core.changes import Facts, Visible
from streams.core.history import Presence
from streams.core.kpis import find
from streams.core.ledger import Ledger
from streams.core.policy import FoldPolicy, ReadingPolicy
from streams.core.reading import measured
from streams.core.windows import bucket_of
from tests.core.agents_fold import SEGMENTS, Slow, Store, by_resolution, policy
from tests.core.agents_reference import millis
from tests.core.agents_worlds import World, iso

ZONE = "Europe/Paris"
FIRST = dt.date(2026, 10, 12)
"""A Monday, with the end of summer time in its second week."""
WORLD = World(ZONE, 60_000, 0, [], [], [])
RETENTION = Retention()
POLICY: FoldPolicy = policy(WORLD, RETENTION, rate_classes=())
MINUTE = 60_000
KPIS = ("staffed_time", "adherence", "occupancy", "scheduled_time", "out_late")


def day_ms(day: int, clock: str = "00:00") -> int:
    """Returns an instant of the days of these tests; all clocks are UTC."""
    date = FIRST + dt.timedelta(days=day)
    return millis(f"{date}T{clock}:00Z")


def state(agent: str, ms: int, name: str, id: str = "", **data: Any) -> bytes:
    """Returns a state."""
    said = {"state": name, "team": "north", **data}
    return event("agent.state", agent, ms, id or f"s{ms}", said)


def plan(agent: str, day: int, *spans: tuple[int, int, bool], **more: Any) -> bytes:
    """Returns a plan of (start, end, productive); without them a day off."""
    activities = [
        {"start": iso(a), "end": iso(b), "activity": "work", "productive": p} for a, b, p in spans
    ]
    said = {
        "revision": 1, "date": str(FIRST + dt.timedelta(days=day)), "activities": activities,
        "team": "north", **more,
    }  # fmt: skip
    ms = more.pop("ms", day_ms(day - 1, "12:00"))
    said.pop("ms", None)
    return event("agent.schedule", agent, ms, f"p{day}-{said['revision']}", said)


def event(kind: str, agent: str, ms: int, id: str, data: dict[str, Any]) -> bytes:
    """Returns an event's bytes."""
    head = {"type": kind, "id": id, "source": "s", "subject": agent, "time": iso(ms)}
    return json.dumps({**head, "data": data}).encode()


def working_day(agent: str, day: int, r: random.Random) -> list[bytes]:
    """Returns a day of one agent: a shift with a break, many contacts; Sundays are off."""
    if day % 7 == 6:
        return [plan(agent, day)]
    at = [day_ms(day, clock) for clock in ("08:00", "10:00", "10:15", "15:00")]
    spans = [(at[i], at[i + 1], i != 1) for i in range(3)]
    said = [plan(agent, day, *spans)]
    ms = at[0] + r.randrange(3) * MINUTE
    while ms < at[3]:
        name = r.choice(["available", "on_contact", "wrap_up", "paused"])
        said.append(state(agent, ms, name, reason="lunch", queues=["sales"]))
        ms += r.randrange(1, 15) * MINUTE
    return [*said, state(agent, at[3] + r.randrange(10) * MINUTE, "offline")]


def days(agents: int, count: int, seed: int) -> Iterator[tuple[int, list[bytes]]]:
    """Yields the days and their events in order of time."""
    for day in range(count):
        said = [
            e
            for a in range(agents)
            for e in working_day(f"a{a}", day, random.Random(f"{seed} {a} {day % 7}"))
        ]
        yield day, sorted(said, key=lambda e: json.loads(e)["time"])


def held(ledger: Ledger) -> dict[str, int]:
    """Returns how much is held of the agents."""
    agents = ledger.agents._agents.values()
    archives = [a.archive for a in agents]
    return {
        "agents": len(agents),
        "times": sum(len(a.times) for a in agents),
        "kinds": sum(len(a.kinds) for a in agents),
        "plans": sum(len(a.plans) for a in agents),
        "marks": sum(len(a.timeline.marks) for a in agents),
        "items": sum(len(items) for x in archives for items in x._days.values()),
        "ids": sum(len(ids) for x in archives for ids in x._ids.values()),
        "due": len(ledger.agents._due),
        "fine": len(ledger.everything().cells[FINE]),
    }


@pytest.mark.parametrize("restarts", [False, True])
def test_memory_is_flat_after_the_horizon_and_its_slack(restarts: bool) -> None:
    """Four agents who work the same weeks: what is held, and stored, repeats itself."""
    ledger, store = Ledger(POLICY, "voice"), Store()
    sizes: list[dict[str, int]] = []
    for day, events in days(4, 27, 1):
        for i in range(0, len(events), 50):
            ledger.apply_all(events[i : i + 50], day_ms(day + 1))
            store.commit(ledger.take_changes())
            check_retention(store.visible)
        if restarts and day % 3 == 0:
            ledger = store.ledger(POLICY)
        facts = sum(data.count(b"\0") for data in store.facts.values())
        sizes.append({**held(ledger), "keys": len(store.facts), "facts": facts})
    if restarts:  # what is loaded of a day is not cut, and dates are told anew
        sizes = [{k: n for k, n in s.items() if k not in ("due", "ids")} for s in sizes]
    assert sizes[19] == sizes[26]
    assert sizes[12]["plans"] <= 4 * 13
    assert not ledger.counts["late"]


def check_retention(visible: Visible) -> None:
    """Checks that no cell is there whose retention has passed."""
    zone = Zone(ZONE)
    for resolution in (FINE, QUARTER, DAY):
        for bucket, segment in visible.cells[resolution]:
            keep = RETENTION.of(resolution, segment) or 0
            assert bucket_start_ms(resolution, bucket, zone) >= visible.top_ms - keep


def test_readings_stay_right_when_old_facts_are_gone() -> None:
    """Of 16 days with corrections of up to a week ago all days and the last quarters are right."""
    r = random.Random(7)
    ledger, store = Ledger(POLICY, "voice"), Store()
    said: list[bytes] = []
    for day, events in days(2, 16, 2):
        more = [*events]
        if day > 7:
            back = day - r.randrange(1, 7)
            clock = day_ms(back, "09:00") + r.randrange(300) * MINUTE
            more += [state("a0", clock, "on_contact", id=f"late{day}")]
            old = r.choice([e for e in said if b"agent.state" in e and day_of(e) > day - 7])
            body = json.loads(old)
            more += [json.dumps({**body, "data": {"state": "available"}}).encode()]
            moved = (day_ms(back, "08:00"), day_ms(back, "12:00"), True)
            more += [plan("a1", back, moved, revision=2, ms=day_ms(day, "16:00"))]
        for i in range(0, len(more), 20):
            ledger.apply_all(more[i : i + 20], day_ms(day + 1))
            store.commit(ledger.take_changes())
        if day % 5 == 4:
            ledger = store.ledger(POLICY)
        said += more
    now = day_ms(16)
    ledger.advance(now)
    ledger.take_changes()
    assert not ledger.counts["late"]
    walk = Slow(said, WORLD, rate_of=lambda _team, _site: None)
    cells = walk.cells(now, fine_from=now)
    for by, days_back in (("day", 16), ("interval", 7)):
        compare(ledger, cells, by, now - days_back * DAY_MS)


def day_of(raw: bytes) -> int:
    """Returns the day of an event."""
    return (millis(json.loads(raw)["time"]) - day_ms(0)) // DAY_MS


def compare(ledger: Ledger, cells: Any, by: str, from_ms: int) -> None:
    """Compares the rows of history with the reference."""
    zone, cut = Zone(ZONE), history.parse_by(by)
    everything = ledger.everything()
    from_ms = cut.start_ms(bucket_of(cut.resolution, from_ms, zone), zone)
    kept = {
        key: cell
        for key, cell in everything.cells[cut.resolution].items()
        if bucket_start_ms(cut.resolution, key[0], zone) >= from_ms
    }
    presence = Presence(from_ms, ledger.agents.edge_ms, everything.levels)
    table = history.rows(kept, cut, KPIS, zone, ReadingPolicy(), (), presence)
    wanted = {
        (bucket_start_ms(resolution, bucket, zone), segment): {
            f"time_{measure}": ms for measure, ms in sums.items()
        }
        for (resolution, bucket, segment), sums in cells.items()
        if resolution == cut.resolution and bucket_start_ms(resolution, bucket, zone) >= from_ms
    }
    assert {(row[0], row[1]): row[2:] for row in table.rows} == {
        (cut.label(start, zone), segment): [
            measured(find(k), find(k).choose(ReadingPolicy().default), sums, {}).value for k in KPIS
        ]
        for (start, segment), sums in wanted.items()
    }


def worked(*events: bytes, until: int = 12) -> Ledger:
    """Returns a ledger that has heard of one agent, while another one moved time on."""
    ledger = Ledger(POLICY, "voice")
    ledger.apply_all(list(events), day_ms(1))
    ledger.take_changes()
    for day in range(1, until + 1):
        pass_time(ledger, day)
    return ledger


def pass_time(ledger: Ledger, day: int) -> None:
    """Another agent works."""
    said = [state("z", day_ms(day), "available"), state("z", day_ms(day, "01:00"), "offline")]
    ledger.apply_all(said, day_ms(day, "02:00"))
    ledger.take_changes()


def sums(ledger: Ledger) -> Any:
    """Returns all cells."""
    return by_resolution(ledger.everything())


def test_an_agent_who_left_is_forgotten() -> None:
    """With his plans; without a word of where he went, too. The last plan may still say a team."""
    ways = [
        [state("a", day_ms(0, "08:00"), "available"), state("a", day_ms(0, "09:00"), "offline")],
        [state("a", day_ms(0, "08:00"), "available")],
        [plan("a", 0, (day_ms(0, "08:00"), day_ms(0, "09:00"), True))],
        [plan("a", 0), plan("a", 1), plan("a", 2)],
    ]
    for events in ways:
        ledger = worked(*events, until=11)
        assert "a" not in ledger.agents.tails()
        for day in range(12, 22):
            pass_time(ledger, day)
        left = ledger.agents._agents.get("a")
        assert (left is not None) == (b'"activity"' in events[0]), events
        assert left is None or (len(left.plans), len(left.times)) == (1, 0)
        assert "agent:a" not in ledger.everything().levels


def test_who_left_in_a_contact_holds_none_when_gone() -> None:
    """Neither as unknown nor later."""
    chat = [{"contact": "c", "state": "on_contact"}]
    ledger = worked(state("a", day_ms(0, "08:00"), "available", contacts=chat, capacity=2))

    assert "agent:a" not in ledger.everything().levels
    day = FIRST.toordinal() + 10
    assert (day, "agent:a") not in ledger.everything().cells[DAY]


def test_a_repetition_is_recognised_up_to_the_horizon() -> None:
    """Five days later; and a day more than that, after a restart."""
    first = state("a", day_ms(0, "08:00"), "available")
    events = [first, *(state("a", day_ms(0, f"08:{m:02}"), "paused") for m in range(1, 60))]
    events += [state("a", day_ms(0, f"09:{m:02}"), "available") for m in range(60)]
    ledger, store = Ledger(POLICY, "voice"), Store()
    ledger.apply_all(events, day_ms(1))
    store.commit(ledger.take_changes())
    for day in (5, 6):
        ledger.apply_all([state("z", day_ms(day), "available")], day_ms(day))
        store.commit(ledger.take_changes())
        before = sums(ledger)
        ledger.apply_all(events, day_ms(day))
        change = ledger.take_changes()
        assert ledger.counts["repeated"] == len(events)
        assert not any(change.visible.cells)
        assert change.facts == Facts({}, {}, [])
        assert sums(ledger) == before
        store.commit(change)
        ledger = store.ledger(POLICY)


def test_what_is_older_than_the_horizon_is_late() -> None:
    """States by their time, plans by what they change; neither is folded."""
    shift = (day_ms(0, "08:00"), day_ms(0, "12:00"), True)
    ledger = worked(state("a", day_ms(0, "08:00"), "available"), plan("a", 0, shift), until=10)
    before, news = sums(ledger), ledger.top_ms
    ledger.apply_all([state("a", news - 8 * DAY_MS - 1, "paused", id="x")], news)
    assert ledger.counts["late"] == 1
    shorter = plan("a", 0, (day_ms(0, "08:00"), day_ms(0, "09:00"), True), revision=2, ms=news)
    older = plan("a", 1, (day_ms(1, "08:00"), day_ms(1, "09:00"), True), ms=news)
    ledger.apply_all([shorter, older, plan("a", 0, revision=3, ms=news)], news)
    ledger.take_changes()

    assert ledger.counts["late"] == 4
    assert sums(ledger) == before


def test_a_plan_of_long_ago_is_late_for_who_is_forgotten_too() -> None:
    """It would say that somebody was missing of whom nobody knows any more."""
    ledger = worked(state("a", day_ms(0, "08:00"), "available"), until=20)
    before = sums(ledger)
    shift = (day_ms(0, "08:00"), day_ms(0, "12:00"), True)
    ledger.apply_all([plan("a", 0, shift, ms=ledger.top_ms)], ledger.top_ms)
    ledger.take_changes()

    assert sums(ledger) == before
    assert ledger.counts["late"] == 1


def test_plans_that_adjoin_for_weeks_are_not_late() -> None:
    """Although the block that they make began long ago."""
    ledger, said = Ledger(POLICY, "voice"), [state("a", day_ms(0), "available")]
    for day in range(20):
        shift = plan("a", day, (day_ms(day), day_ms(day + 1), day % 3 > 0))
        said += [shift, state("a", day_ms(day, "12:00"), "paused", reason=str(day))]
        said += [state("a", day_ms(day, "12:30"), "available")]
        ledger.apply_all(said[-3:], day_ms(day, "12:30"))
        ledger.take_changes()
    assert not ledger.counts["late"]
    assert len(ledger.agents._agents["a"].plans) < 14

    ledger.advance(day_ms(20))
    ledger.take_changes()
    walk = Slow(said, WORLD, rate_of=lambda _team, _site: None)
    compare(ledger, walk.cells(day_ms(20), fine_from=day_ms(20)), "day", day_ms(1))


def test_a_plan_within_the_horizon_is_not_late() -> None:
    """Seven days ago, and for days to come."""
    ledger = worked(state("a", day_ms(3, "08:00"), "available"), until=10)
    shifts = [(day_ms(d, "08:00"), day_ms(d, "12:00"), True) for d in (3, 10, 11)]
    ledger.apply_all(
        [plan("a", d, s, ms=ledger.top_ms) for d, s in zip((3, 10, 11), shifts, strict=True)],
        ledger.top_ms,
    )
    ledger.take_changes()

    assert not ledger.counts["late"]


def test_a_correction_books_nothing_anew_of_days_that_are_forgotten() -> None:
    """The day of the last fact that is kept is kept whole."""
    events = [state("a", day_ms(0, f"{h:02}:00"), "available", reason=str(h)) for h in range(8, 20)]
    events += [state("a", day_ms(0, f"{h:02}:30"), "paused") for h in range(8, 20)]
    ledger = worked(*events, until=5)
    last = state("a", day_ms(5, "03:00"), "available")
    ledger.apply_all([last], day_ms(5, "03:00"))
    ledger.take_changes()
    for day in range(6, 12):
        pass_time(ledger, day)
    before = sums(ledger)
    other = json.loads(last)
    other["data"]["team"] = "south"
    ledger.apply_all([json.dumps(other).encode()], day_ms(12))
    ledger.take_changes()

    changed = {
        bucket
        for (bucket, segment) in ledger.everything().cells[DAY]
        if ledger.everything().cells[DAY][bucket, segment].hist
        != before[DAY].get((bucket, segment), (0, None))[1]
    }
    assert changed <= {FIRST.toordinal() + d for d in range(5, 13)}
    assert changed


def test_the_last_plan_still_says_the_team_when_it_is_over() -> None:
    """Of an agent whose states never name one."""
    shift = (day_ms(0, "08:00"), day_ms(0, "12:00"), True)
    said = state("a", day_ms(0, "08:00"), "available").replace(b'"north"', b"null")
    ledger = worked(said, plan("a", 0, shift), until=1)
    for day in range(2, 14):
        more = said.replace(f'"s{day_ms(0, "08:00")}"'.encode(), f'"d{day}"'.encode())
        more = more.replace(iso(day_ms(0, "08:00")).encode(), iso(day_ms(day)).encode())
        ledger.apply_all([more], day_ms(day))
        pass_time(ledger, day)

    assert ledger.agents.tails()["a"] is not None
    assert ledger.everything().levels["team:north"]


def test_a_forgotten_agent_comes_back_as_a_new_one() -> None:
    """Under the same identity that he had used, too."""
    said = state("a", day_ms(0, "08:00"), "available", id="same")
    ledger = worked(said, state("a", day_ms(0, "09:00"), "offline"), until=20)
    ledger.apply_all([state("a", day_ms(20, "03:00"), "available", id="same")], day_ms(20, "03:00"))
    ledger.take_changes()
    ledger.advance(day_ms(20, "04:00"))
    ledger.take_changes()

    assert ledger.everything().levels["agent:a"]


def test_a_pack_of_facts_is_stored_instead_of_its_items() -> None:
    """Sixty-four of a day are one item, in memory and in the store."""
    archive = Archive()
    for i in range(130):
        archive.append(i, "s", str(i), b"%d" % i)
    added, replaced = archive.take()

    assert not added
    assert len(replaced[0]) == 2 + 2
    assert archive.raws() == [b"%d" % i for i in range(130)]


def test_segments_of_these_tests() -> None:
    """All that agents have."""
    assert {d for segment in SEGMENTS for d in segment} == {
        "queue", "team", "site", "agent", "pause"
    }  # fmt: skip
    assert RETENTION.of(QUARTER, "pause:x") == 8 * DAY_MS
    assert (RETENTION.of(FINE, "site") or 0) > HOUR_MS
