"""What nobody can have meant is refused with the agent and the field; all the rest goes on."""

import json
from typing import Any

import pytest

from streams.core.buckets import EVERYTHING, Zone
from streams.core.ledger import Ledger
from streams.core.policy import FoldPolicy
from streams.core.roster import Person, Roster, roster
from tests.core.agents_fold import SEGMENTS, Store, by_resolution, cells_of
from tests.core.agents_reference import millis
from tests.core.test_agents_reference import PLAN, STATE, at, event, plan, state

POLICY = FoldPolicy(segments=SEGMENTS, retention=EVERYTHING)
NOW = millis(at("20:00"))
ACTIVITY = {"start": at("09:00"), "end": at("10:00"), "activity": "work"}


def schedule(*activities: dict[str, Any], **data: Any) -> bytes:
    """Returns a plan, however strange."""
    return event(PLAN, "p", "00:01", {"revision": 1, "activities": list(activities), **data})


@pytest.mark.parametrize(
    ("value", "kind", "field"),
    [
        (state("09:00", "gone"), "invalid", "$.data.state"),
        (state("09:00", "unknown"), "invalid", "$.data.state"),
        (state("09:00", "available", capacity=-1), "invalid", "$.data.capacity"),
        (state("09:00", "available", capacity=1.5), "invalid", "$.data.capacity"),
        (state("09:00", "available", heartbeat_s=0), "invalid", "$.data.heartbeat_s"),
        (state("09:00", "available", heartbeat_s=-5), "invalid", "$.data.heartbeat_s"),
        (state("09:00", "available", queues="sales"), "invalid", "$.data.queues"),
        (state("09:00", "available", contacts=[{"state": "gone"}]), "invalid",
         "$.data.contacts[0].state"),
        (event(STATE, "x", "09:00", {}), "invalid", "$.data"),
        (state("20:06", "available"), "time", "$.time"),
        (state("09:00", "available").replace(b"2026", b"1989"), "time", "$.time"),
        (schedule(ACTIVITY, {**ACTIVITY, "start": at("09:59"), "end": at("11:00")}), "invalid",
         "$.data.activities"),
        (schedule({**ACTIVITY, "end": at("08:00")}), "invalid", "$.data.activities[0].end"),
        (schedule({**ACTIVITY, "end": at("09:00")}), "invalid", "$.data.activities[0].end"),
        (schedule({**ACTIVITY, "end": "10:00"}), "invalid", "$.data.activities[0].end"),
        (schedule({**ACTIVITY, "activity": ""}), "invalid", "$.data.activities[0].activity"),
        (schedule(ACTIVITY, date="2026-02-30"), "invalid", "$.data.date"),
        (schedule(ACTIVITY, date="tomorrow"), "invalid", "$.data.date"),
        (schedule(), "invalid", "$.data.date"),
        (schedule(ACTIVITY, revision=1.5), "invalid", "$.data.revision"),
        (event(PLAN, "p", "00:01", {"activities": []}), "invalid", "$.data"),
        (event(PLAN, "p", "20:06", {"revision": 1, "activities": [ACTIVITY]}), "time", "$.time"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_and_the_rest_goes_on(value: bytes, kind: str, field: str) -> None:
    """Between two good states; the message says whose it was and where it is wrong."""
    ledger, want = Ledger(POLICY, "voice"), Ledger(POLICY, "voice")
    good = [state("09:00", "available"), state("10:00", "offline")]
    (refused,) = ledger.apply_all([good[0], value, good[1]], NOW)
    want.apply_all(good, NOW)

    assert (refused.index, refused.kind) == (1, kind)
    assert "agent 'a'" in refused.reason
    assert f"`{field}`" in refused.reason
    for each in (ledger, want):
        each.take_changes()
    assert by_resolution(ledger.everything()) == by_resolution(want.everything())


def test_a_value_that_is_no_json_has_no_agent() -> None:
    """Nor has a contact's event."""
    contact = {"type": "contact.queued", "id": "1", "source": "s", "subject": "c", "time": at("09:00")}  # fmt: skip # noqa: E501
    bad = [b'{"type": "agent.state"', json.dumps({**contact, "data": {}}).encode(), b"[]"]
    refused = Ledger(POLICY, "voice").apply_all(bad, NOW)

    assert [r.index for r in refused] == [0, 1, 2]
    assert not any("agent" in r.reason for r in refused)


def test_up_to_five_minutes_ahead_is_accepted() -> None:
    """But booked only when that time has come."""
    ledger = Ledger(POLICY, "voice")
    assert not ledger.apply_all([state("20:05", "available")], NOW)
    ledger.take_changes()
    assert "site" not in ledger.everything().levels
    ledger.advance(millis(at("20:05")))
    ledger.take_changes()

    assert ledger.everything().levels["site"]


def people(*rows: tuple[str, str, str, str]) -> Roster:
    """Returns a roster of (agent, since, team, site)."""
    return roster(Person(a, a, millis(at(since)), team=t, site=s) for a, since, t, s in rows)


KNOWN = people(("a", "00:00", "north", "lyon"), ("a", "12:00", "south", "lille"))


def test_who_is_not_in_the_roster_is_refused() -> None:
    """States and plans; without a roster whoever says so is an agent."""
    events = [state("09:00", "available"), plan(("09:00", "10:00", True))]
    stranger = [e.replace(b'"subject": "a"', b'"subject": "x"') for e in events]
    ledger = Ledger(POLICY, "voice", KNOWN)
    refused = ledger.apply_all([events[0], *stranger, events[1]], NOW)

    assert [r.index for r in refused] == [1, 2]
    reason = "agent 'x' is not in the roster - at `$.subject`"
    assert {r.reason for r in refused} == {reason}
    assert not Ledger(POLICY, "voice").apply_all(stranger, NOW)


def times(ledger: Ledger) -> dict[str, int]:
    """Returns minutes staffed or scheduled by segment."""
    ledger.advance(NOW)
    ledger.take_changes()
    everything = ledger.everything()
    cells = cells_of(everything, everything.levels, Zone("UTC"), NOW, NOW)
    return {
        segment: max(sums.get("staffed", 0), sums.get("scheduled", 0)) // 60_000
        for (resolution, _, segment), sums in cells.items()
        if resolution == 2
    }


def test_the_roster_says_the_team_where_the_event_does_not() -> None:
    """That of the time of the state; what the event says goes first, each for itself."""
    ledger = Ledger(POLICY, "voice", KNOWN)
    said = [
        state("09:00", "available"), state("12:30", "available"),
        state("13:00", "available", team="west"), state("14:00", "offline"),
    ]  # fmt: skip
    ledger.apply_all(said, NOW)

    assert times(ledger) == {
        "site": 300, "agent:a": 300, "team:north": 210, "team:south": 30, "team:west": 60,
        "site:lyon": 210, "site:lille": 90,
    }  # fmt: skip


def test_the_roster_goes_before_the_plan() -> None:
    """For plans it is that of their first start."""
    ledger = Ledger(POLICY, "voice", KNOWN)
    ledger.apply_all([plan(("11:00", "13:00", True), team="plans")], NOW)
    assert times(ledger) == {"site": 120, "agent:a": 120, "team:north": 120, "site:lyon": 120}
    empty = Ledger(POLICY, "voice", people(("a", "15:00", "north", "lyon")))
    empty.apply_all([plan(("11:00", "13:00", True), team="plans")], NOW)
    assert times(empty) == {"site": 120, "agent:a": 120, "team:plans": 120}


@pytest.mark.parametrize("after", [None, people(("a", "00:00", "east", "oslo")), people()])
def test_another_roster_after_a_restart_changes_nothing_booked(after: Roster | None) -> None:
    """What it said is kept with the fact, packed or not; new facts get what it says now."""
    store, ledger = Store(), Ledger(POLICY, "voice", KNOWN)
    said = [state(f"09:{m:02}", "available", reason=str(m)) for m in range(60)]
    said += [state(f"10:{m:02}", "paused", reason=str(m)) for m in range(20)]
    said += [plan(("09:00", "13:00", True)), state("12:30", "available")]
    ledger.apply_all(said, NOW)
    store.commit(ledger.take_changes())
    loaded = store.ledger(POLICY, after)
    assert by_resolution(loaded.everything()) == by_resolution(ledger.everything())
    change = loaded.take_changes()
    assert not any(change.visible.cells)
    assert not change.visible.levels

    late = state("09:30", "on_contact").replace(b'"s09:30"', b'"zz"')
    refused = loaded.apply_all([late], NOW)
    found = times(loaded)
    assert bool(refused) == (after == people())
    elsewhere = 1 if after is not None and "a" in after else 0  # else the plan says where
    assert found.get("team:east", 0) == found.get("site:oslo", 0) == elsewhere
    assert found["team:north"] == found["site:lyon"] == 210 - elsewhere
    assert found["team:south"] == 7 * 60 + 30


def test_more_places_than_anybody_has_stop_nothing() -> None:
    """Thousands of agents who say they have ten thousand: m of their cell fits in 64 bits."""
    store, ledger = Store(), Ledger(POLICY, "voice")
    chats = [{"contact": str(i)} for i in range(2000)]
    said = [
        state("09:00", "available", capacity=10_000, contacts=chats if i < 3 else None)
        .replace(b'"subject": "a"', b'"subject": "a%d"' % i)
        for i in range(1200)
    ]  # fmt: skip
    assert not ledger.apply_all(said, NOW)
    store.commit(ledger.take_changes())

    assert by_resolution(store.visible) == by_resolution(ledger.everything())
