"""The simulated operation is one that could exist: nobody is in two places, nothing is lost."""

import datetime as dt
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import pytest

from streams.core.buckets import EVERYTHING
from streams.core.events import CONTACT_TYPES, RANK, TYPES, decode, millis
from streams.core.ledger import Ledger
from streams.core.policy import FoldPolicy
from streams.core.tally import lanes
from streams.simulator import SCENARIOS, Timed, simulate

START = dt.datetime(2026, 11, 24, tzinfo=dt.timezone(dt.timedelta(hours=1)))
DAY = dt.timedelta(days=1)
SIZE = 0.15
CHATS = 3


class Said(NamedTuple):
    """An event, plain."""

    ms: int
    kind: str
    subject: str
    data: dict[str, Any]


def plain(events: Iterator[Timed] | list[Timed]) -> list[Said]:
    """Returns events as they read, contacts' types without their prefix."""
    return [
        Said(
            millis(decode(e.value).time),
            x["type"].removeprefix("contact."),
            x["subject"],
            x["data"],
        )
        for e in events
        for x in [msgspec.json.decode(e.value)]
    ]


@pytest.fixture(scope="module")
def day() -> list[Timed]:
    """A small ordinary day."""
    return list(simulate(1, START, DAY, size=SIZE))


@pytest.fixture(scope="module")
def said(day: list[Timed]) -> list[Said]:
    """The same day, plain."""
    return plain(day)


@pytest.fixture(scope="module")
def contacts(said: list[Said]) -> dict[str, list[Said]]:
    """The stories of the day's contacts."""
    stories = defaultdict(list)
    for one in said:
        if one.kind in RANK:
            stories[one.subject].append(one)
    return stories


def test_the_same_seed_gives_the_same_bytes(day: list[Timed]) -> None:
    """And another seed another day."""
    again = list(simulate(1, START, DAY, size=SIZE))
    other = list(simulate(2, START, DAY, size=SIZE))

    assert day == again
    assert {e.value for e in day}.isdisjoint({e.value for e in other})


def test_every_event_is_one_of_the_contract(day: list[Timed], said: list[Said]) -> None:
    """It decodes, its type is known, and almost every type occurs."""
    kinds = {one.kind for one in said}

    for event in day:
        decode(event.value)
    assert {k if k not in RANK else f"contact.{k}" for k in kinds} <= TYPES
    assert kinds >= {*CONTACT_TYPES, "agent.state", "agent.schedule", "source.alive"} - {
        "merged",
        "reopened",
    }


def test_ids_are_unique(day: list[Timed]) -> None:
    """Identity is (source, id)."""
    assert len({(decode(e.value).source, decode(e.value).id) for e in day}) == len(day)


def test_events_come_in_order_and_within_the_day(day: list[Timed], said: list[Said]) -> None:
    """Each is handed over at its own time, none before the start or after the end."""
    times = [one.ms for one in said]

    assert times == [e.at_ms for e in day]
    assert times == sorted(times)
    assert millis(START) <= times[0]
    assert times[-1] < millis(START + DAY)


def test_a_contact_is_told_in_its_own_order(contacts: dict[str, list[Said]]) -> None:
    """(time, rank) grows: the fold needs no rebuilding."""
    for story in contacts.values():
        keys = [(one.ms, RANK[one.kind]) for one in story]
        assert all(a < b for a, b in itertools.pairwise(keys)), story


FOLLOWS: dict[str, set[str]] = {
    "new": {"created"},
    "arrived": {"queued", "abandoned", "message", "resolved", "ended", "status", "sla"},
    "waiting": {"offered", "abandoned", "flowed_out", "sla"},
    "ringing": {"answered", "missed"},
    "talking": {"held", "ended", "transferred", "message", "status", "solved", "sla"},
    "holding": {"resumed"},
    "leaving": {"queued", "wrapped"},
    "done": {"wrapped", "queued", "ended", "message", "status", "reopened", "sla"},
}
"""state → what may happen next."""
BECOMES = {
    "created": "arrived", "queued": "waiting", "offered": "ringing", "answered": "talking",
    "missed": "waiting", "held": "holding", "resumed": "talking", "transferred": "leaving",
    "flowed_out": "done", "abandoned": "done", "ended": "done",
}  # fmt: skip


def test_every_story_is_legal(contacts: dict[str, list[Said]]) -> None:
    """Nobody is answered who did not ring, held who does not talk, or queued while he waits."""
    for story in contacts.values():
        state = "new"
        for one in story:
            late_wrap_up = one.kind == "wrapped" and state not in {"new", "arrived"}
            assert one.kind in FOLLOWS[state] or late_wrap_up, (state, one, story)
            state = BECOMES.get(one.kind, state)


def test_no_duration_is_negative(said: list[Said]) -> None:
    """What a source states is a length of time."""
    wraps = [one.data["wrap_s"] for one in said if one.kind == "wrapped"]

    assert len(wraps) > 500
    assert min(wraps) > 0


def test_nobody_does_more_than_he_can(said: list[Said]) -> None:
    """One call or one ticket at a time, or as many chats as the capacity says; never both."""
    most_chats = 0
    for one in said:
        if one.kind == "agent.state":
            held = one.data.get("contacts", [])
            channels = {c["channel"] for c in held}
            assert len(channels) <= 1
            assert len(held) <= (one.data["capacity"] if channels == {"chat"} else 1)
            most_chats = max(most_chats, len(held))
    assert most_chats == CHATS


def test_the_agents_label_is_the_busiest_of_what_he_does(said: list[Said]) -> None:
    """Offline and paused only without contacts."""
    order = ["on_contact", "hold", "wrap_up", "ringing"]
    for one in said:
        if one.kind == "agent.state":
            states = [c["state"] for c in one.data.get("contacts", [])]
            label = min(states, key=order.index) if states else one.data["state"]
            assert one.data["state"] == label
            assert bool(states) == (label in order)


def test_an_agent_is_with_a_contact_exactly_while_the_contact_is_with_him(said: list[Said]) -> None:
    """Agents' states and contacts' stories tell the same."""
    holds: dict[str, dict[str, str]] = defaultdict(dict)
    for one in said:
        if one.kind == "agent.state":
            states = {c["contact"]: c["state"] for c in one.data.get("contacts", [])}
            holds[one.subject] = states
        elif one.kind in {"offered", "missed", "answered"}:
            assert holds[one.data["agent"]][one.subject] == "ringing"
        elif one.kind == "wrapped":
            assert holds[one.data["agent"]][one.subject] == "wrap_up"


def test_nobody_is_lost(contacts: dict[str, list[Said]], day: list[Timed]) -> None:
    """Entries = answered + abandoned + flowed out + still waiting; the ledger counts the same."""
    counts: Counter[str] = Counter()
    waiting = 0
    for story in contacts.values():
        in_line = False
        for one in story:
            if one.kind == "abandoned" and one.data["phase"] == "ivr":
                continue
            counts[one.kind] += one.kind in {"queued", "answered", "abandoned", "flowed_out"}
            in_line = one.kind == "queued" or (in_line and one.kind in {"offered", "missed", "sla"})
        waiting += in_line
    ledger = Ledger(FoldPolicy(timezone="Europe/Paris", retention=EVERYTHING), "voice")
    refused = ledger.apply_all([e.value for e in day], day[-1].at_ms)
    days = ledger.take_changes().visible.cells[2].items()
    site = lanes(sum(cell.sums for (_, segment), cell in days if segment == "site"))
    assert refused == []
    assert not any(k.startswith(("corrected", "late", "unknown")) for k in ledger.counts)
    assert counts["queued"] > 1000
    assert counts["queued"] == sum(counts.values()) - counts["queued"] + waiting
    for measure, kind in (("offered", "queued"), ("answered", "answered"),
                          ("abandoned", "abandoned"), ("flowed_out", "flowed_out")):  # fmt: skip
        assert site[measure] == counts[kind]


def answered_within(events: list[Said], queue: str, limit_s: float) -> float:
    """Returns the share of a queue's outcomes that are answers within a limit."""
    since: dict[str, int] = {}
    within = outcomes = 0
    for one in events:
        if one.kind == "queued" and one.data["queue"] == queue:
            since[one.subject] = one.ms
        elif one.kind in {"answered", "abandoned"} and one.subject in since:
            outcomes += 1
            within += one.kind == "answered" and one.ms - since.pop(one.subject) <= limit_s * 1000
    return within / outcomes


def test_an_ordinary_day_is_served_well_and_a_recall_is_seen() -> None:
    """Half an hour in the middle of the day, with and without a recall."""
    nine, hours = START + dt.timedelta(hours=9), dt.timedelta(hours=3)
    half_past_ten = millis(nine + hours / 2)

    def service(scenario: str) -> float:
        events = plain(simulate(1, nine, hours, scenario=scenario))
        middle = [e for e in events if abs(e.ms - half_past_ten - 900_000) < 900_000]
        return answered_within(middle, "lave-linge", 20)

    assert service("normal") > 0.7
    assert service("recall") < 0.5


@pytest.mark.parametrize("hour", [3, 10])
def test_in_an_incident_nobody_is_answered_for_minutes_whatever_the_hour(hour: int) -> None:
    """Its line is long before and gone right after, so that a newcomer sees it begin and end."""
    now = START + dt.timedelta(hours=hour)
    events = plain(simulate(1, now, dt.timedelta(minutes=10), scenario="incident", warm_start=True))
    begin, end = millis(now) - 300_000, millis(now) + 105_000
    queue = [e for e in events if e.data.get("queue") == "garantie"]
    line: dict[str, int] = {}
    for one in events:
        if one.ms >= end:
            break
        if one.kind == "queued" and one.data["queue"] == "garantie":
            line[one.subject] = one.ms
        elif one.kind in {"answered", "abandoned", "flowed_out"}:
            line.pop(one.subject, None)
    after = {e.subject for e in events if end <= e.ms <= end + 1000 and e.kind == "flowed_out"}

    assert not [e for e in queue if e.kind == "answered" and begin + 30_000 < e.ms < end]
    assert [e for e in queue if e.kind == "answered" and e.ms > end]
    assert len(line) > 10
    assert end - min(line.values()) > 240_000
    assert line.keys() <= after


def test_every_scenario_runs() -> None:
    """Each is a name that the command line may be given."""
    for scenario in SCENARIOS:
        hour = list(simulate(1, START, dt.timedelta(hours=1), scenario=scenario, size=SIZE))
        assert hour


def test_a_warm_start_has_the_day_so_far_and_goes_on() -> None:
    """The past is there at once; heartbeats begin now; tickets are older than today."""
    now = START + dt.timedelta(hours=9)
    events = plain(simulate(1, now, dt.timedelta(minutes=10), warm_start=True, size=SIZE))
    past = [e for e in events if e.ms < millis(now)]
    calls = [e for e in past if e.data.get("channel") == "voice"]

    assert len(events) > len(past) > 5_000
    assert millis(START) < calls[0].ms < millis(START) + 600_000
    assert past[0].ms < millis(START - 4 * DAY)
    assert any(e.kind == "reopened" for e in past)
    assert {e.ms >= millis(now) for e in events if e.kind == "source.alive"} == {True}


def test_a_warm_start_soon_after_midnight_has_the_day_before() -> None:
    """Or the last hour would be empty."""
    now = START + dt.timedelta(minutes=5)
    events = plain(simulate(1, now, dt.timedelta(minutes=1), warm_start=True, size=SIZE))

    assert min(e.ms for e in events if e.data.get("channel") == "voice") < millis(now - DAY * 0.9)


def test_a_second_warm_start_of_the_day_repeats_the_first() -> None:
    """So a demo that is started again on the same log changes nothing that was said."""
    nine, ten = (START + dt.timedelta(hours=h) for h in (9, 10))
    minutes = dt.timedelta(minutes=20)
    first = list(simulate(1, nine, minutes, warm_start=True, size=SIZE))
    second = {e.value for e in simulate(1, ten, minutes, warm_start=True, size=SIZE)}

    assert [e for e in first if e.value not in second and b"source.alive" not in e.value] == []


def test_late_delivery_is_never_early_and_loses_nothing(day: list[Timed]) -> None:
    """The same events, each after its time, some after later ones."""
    late = list(simulate(1, START, DAY, size=SIZE, late_s=0.5))
    times = [one.ms for one in plain(late)]

    assert sorted(e.value for e in late) == sorted(e.value for e in day)
    assert all(e.at_ms >= ms for e, ms in zip(late, times, strict=True))
    assert [e.at_ms for e in late] == sorted(e.at_ms for e in late)
    assert times != sorted(times)


def test_an_operation_without_end_is_told_bit_by_bit() -> None:
    """Nothing waits for the end of the iteration."""
    first = list(itertools.islice(simulate(1, START, size=SIZE), 1000))

    assert first == list(itertools.islice(simulate(1, START, DAY, size=SIZE), 1000))


def test_an_unknown_scenario_is_refused() -> None:
    """With its name."""
    with pytest.raises(KeyError, match="eclipse"):
        simulate(1, START, scenario="eclipse")
