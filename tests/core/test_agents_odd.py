"""What random worlds do not come to: many states of one instant, ties, plans of long before."""

import itertools
import json
import random

import msgspec
import pytest

from streams.core.agents.tail import LONGEST_DAYS
from streams.core.board import Board
from streams.core.buckets import DAY_MS, HOUR_MS, Retention, Zone
from streams.core.changes import Visible
from streams.core.history import Presence, parse_by, rows
from streams.core.ledger import Ledger
from streams.core.policy import ReadingPolicy
from tests.core.agents_fold import NO_END, Slow, Store, by_resolution, check, policy
from tests.core.agents_reference import millis
from tests.core.agents_worlds import World, iso
from tests.core.test_agents_reference import at, event, plan, state

UTC = World("UTC", 60_000, 0, [], [], [])
TOLERANT = World("UTC", 60_000, 300_000, [], [], [])
HOURS = [HOUR_MS, 24 * HOUR_MS]


def everywhere(
    events: list[bytes], w: World = UTC, *, tries: int = 4, clock: str = "23:00"
) -> None:
    """Folds events in some orders, with restarts between, and compares with the reference."""
    r = random.Random(len(events))
    walk, now = Slow(events, w), millis(at(clock))
    for n in range(tries):
        store, ledger = Store(), Ledger(policy(w), "voice")
        order = events if not n else r.sample(events, len(events))
        for raw in order:
            assert not ledger.apply_all([raw], [now])
            if r.random() < 0.7:
                store.commit(ledger.take_changes())
                if r.random() < 0.4:
                    ledger = store.ledger(policy(w))
        check(ledger, walk, now, now - 24 * HOUR_MS)


def of(agent: str, raw: bytes) -> bytes:
    """Returns the event of another agent."""
    return raw.replace(b'"subject": "a"', f'"subject": "{agent}"'.encode())


def named(name: str, raw: bytes, source: str = "t") -> bytes:
    """Returns an event under another identity."""
    return json.dumps({**json.loads(raw), "id": name, "source": source}).encode()


def test_of_many_states_of_one_instant_the_greatest_id_stands() -> None:
    """In any order of arrival; sources break the tie of ids; all other instants stand, too."""
    names = ["available", "paused", "on_contact", "wrap_up", "offline"]
    twins = [
        named(own, state("10:00", name, team=own), source)
        for name, (own, source) in zip(
            names, [("1", "s"), ("3", "s"), ("3", "t"), ("2", "z"), ("10", "s")], strict=True
        )
    ]
    around = [state("09:00", "available"), state("11:00", "offline")]
    for order in itertools.permutations(twins):
        ledger = Ledger(policy(UTC), "voice")
        for raw in order[:3]:
            ledger.apply_all([raw], NO_END)
        ledger.take_changes()
        ledger.apply_all([*order[3:], *around], NO_END)
        ledger.take_changes()
        day = ledger.everything().cells[2]
        assert {s for _, s in day if s.startswith("team:")} == {"team:3"}
    everywhere([*twins, *around])


def test_two_identities_at_one_instant_of_which_one_moves_away() -> None:
    """A correction to another time brings back what it had covered."""
    first, second = named("1", state("10:00", "paused")), named("2", state("10:00", "on_contact"))
    moved = named("2", state("10:30", "on_contact"))

    everywhere([state("09:00", "available"), first, second, moved], tries=8)


def test_a_correction_may_move_a_fact_back_or_ahead_over_others() -> None:
    """Of one identity the latest time stands, then the greatest bytes."""
    facts = [state(f"{h:02}:00", n) for h, n in enumerate(["available", "paused"] * 8, 2)]
    moved = [named("s05:00", state("11:20", "hold")), named("s12:00", state("03:40", "ringing"))]
    again = [named("s05:00", state("11:20", "wrap_up"))]

    everywhere([*facts, *moved, *again], tries=8)


def test_plans_that_adjoin_over_many_dates_are_one_block() -> None:
    """Five days on end: who fitted on the first is no late-comer on the last."""
    plans = [
        plan((f"{24 * d}:00", f"{24 * d + 24}:00", d % 2 == 0), date=f"2026-11-{2 + d:02}")
        for d in range(5)
    ]
    said = [state("00:10", "available"), state("50:00", "available"), state("100:00", "offline")]

    everywhere([*plans, *said], clock="130:00")
    ledger = Ledger(policy(UTC), "voice")
    ledger.apply_all([*plans, *said], NO_END)
    ledger.advance(millis(at("130:00")))
    ledger.take_changes()
    revised = plan(("48:00", "72:00", True), date="2026-11-04", revision=2, team="T")
    ledger.apply_all([revised, state("119:00", "available")], NO_END)
    check(ledger, Slow([*plans, *said, revised, state("119:00", "available")], UTC),
          millis(at("131:00")), millis(at("130:00")))  # fmt: skip


def test_a_state_at_the_end_of_a_block_changes_what_its_beginning_was() -> None:
    """Paused all day was late; with the last minute on queue it was something else."""
    shift = plan(("08:00", "18:00", True))
    said = [state("08:00", "paused"), state("17:59", "available"), state("18:00", "offline")]

    everywhere([shift, *said])
    everywhere([shift, said[0]])


def test_a_plan_of_long_before_takes_effect_without_a_word() -> None:
    """Published weeks ago, over the night the clocks change, while somebody else moves time on."""
    early = named("p2", plan(("33:00", "41:00", True)))
    early = early.replace(at("00:01").encode(), b"2026-10-20T00:00:00Z")
    assert b"2026-10-20" in early
    events = [early, of("b", state("20:00", "available")), of("b", state("45:00", "offline"))]

    everywhere(events, tries=1, clock="46:00")
    ledger = Ledger(policy(UTC), "voice")
    ledger.apply_all([early], NO_END)
    assert ledger.top_ms == 0
    assert ledger.take_changes().visible.edge_ms == 0
    ledger.apply_all([events[1]], NO_END)
    ledger.take_changes()
    assert "agent:a" not in ledger.everything().levels
    ledger.apply_all([events[2]], NO_END)
    ledger.take_changes()
    check(ledger, Slow(events, UTC), millis(at("46:00")), millis(at("30:00")))


def test_a_tail_reaches_as_far_as_the_longest_silence() -> None:
    """Said just before midnight, and a week later the clocks are put forward."""
    said = "2026-03-21T22:59:30Z"
    raw = json.loads(state("00:00", "available"))
    fold = msgspec.structs.replace(policy(UTC), timezone="Europe/Paris")
    ledger = Ledger(fold, "voice")
    assert not ledger.apply_all([json.dumps({**raw, "time": said}).encode()], [millis(said)])
    board = Board(Zone("Europe/Paris"), ReadingPolicy(), ["agents-0"], Retention())
    board.apply("agents-0", ledger.take_changes().visible)
    gone = millis(said) + fold.agent_horizon_ms
    for now, state_then in ((gone - 1, "unknown"), (gone, "offline")):
        board.step(now)
        assert [a.state for a in board.agents()] == [state_then]
        assert board.read("site", "agents_unknown", "live").value == (state_then == "unknown")
    assert fold.agent_horizon_ms == LONGEST_DAYS * DAY_MS


def test_a_limit_a_boundary_and_a_state_at_one_instant() -> None:
    """The state counts, and the boundary."""
    shift = plan(("09:00", "10:00", True), ("10:00", "11:00", False))
    said = [
        state("09:00", "available", heartbeat_s=1800), state("10:00", "paused", heartbeat_s=1800),
        state("11:00", "offline", heartbeat_s=3600),
    ]  # fmt: skip

    everywhere([shift, *said], tries=6)
    everywhere([shift, *said], TOLERANT, tries=6)


def test_unknown_in_the_middle_of_a_block_under_tolerance() -> None:
    """Nobody knows whether it fitted the other side."""
    shift = plan(("09:00", "10:00", True), ("10:00", "10:04", False), ("10:04", "12:00", True))
    said = [state("08:58", "available", heartbeat_s=1770), state("10:03", "paused"),
            state("10:06", "available"), state("11:56", "offline")]  # fmt: skip

    everywhere([shift, *said], TOLERANT)


def test_a_tolerance_longer_than_all_activities() -> None:
    """Everything is near everything."""
    w = World("UTC", 60_000, 2 * HOUR_MS, [], [], [])
    shift = plan(("09:00", "09:30", True), ("09:30", "09:45", False), ("10:30", "11:00", True))
    said = [state("07:30", "available"), state("09:31", "offline"), state("12:30", "paused")]

    everywhere([shift, *said], w)


def test_what_is_planned_is_taken_back_and_planned_again() -> None:
    """By days off, in one batch and in many; twice the same revision: the later, then the bytes."""
    shift = plan(("09:00", "12:00", True), date="2026-11-02")
    off = named("o", plan(date="2026-11-02", revision=2))
    again = [
        named(team, plan(("09:30", end, True), date="2026-11-02", revision=3, team=team))
        for end, team in (("11:00", "T"), ("12:00", "U"), ("13:00", "V"))
    ]

    everywhere([shift, state("09:05", "available"), off], tries=6)
    everywhere([shift, off, *again, state("09:05", "available")], tries=8)


def test_a_plan_that_changes_names_only_moves_nothing() -> None:
    """Activities are told by name to those who may see agents; no time is booked by it."""
    ledger = Ledger(policy(UTC), "voice")
    shift = plan(("09:00", "12:00", True))
    ledger.apply_all([shift, state("09:05", "available")], NO_END)
    ledger.advance(millis(at("10:00")))
    ledger.take_changes()
    renamed = shift.replace(b'"x"', b'"y"').replace(b'"revision": 1', b'"revision": 2')
    ledger.apply_all([renamed], NO_END)
    change = ledger.take_changes().visible

    assert not any(change.cells)
    assert not change.levels
    tail = change.tails["a"]
    assert tail is not None
    assert {piece.activity for piece in tail.pieces} == {"y", ""}


def test_an_agent_who_changes_everything_at_noon() -> None:
    """Team, site, queues, capacity, reason: each for its half."""
    said = [
        state("09:00", "paused", reason="x", team="T", site="S", queues=["a", "b"], capacity=3),
        state("12:00", "paused", reason="y", team="U", site="V", queues=["b"], capacity=1),
        state("13:00", "available", team="U", site="V", queues=["b"], capacity=1),
    ]
    everywhere(said)


def test_an_agent_of_whom_two_sources_speak_counts_twice_and_goes_away_once() -> None:
    """After the number of partitions has changed: until the first one has forgotten him."""
    board = Board(Zone("UTC"), ReadingPolicy(), ["agents-0", "agents-1"], Retention())
    one, other = (Ledger(policy(UTC, Retention()), "voice") for _ in range(2))
    one.apply_all([state("09:00", "available")], NO_END)
    other.apply_all([state("10:00", "paused")], NO_END)
    board.apply("agents-0", one.take_changes().visible)
    board.apply("agents-1", other.take_changes().visible)
    board.step(millis(at("11:00")))
    assert board.read("site", "agents_staffed", "live").value == 2
    assert len(board.agents(agent="a")) == 2
    assert board.read("agent:a", "staffed_time", "today").value == 3 * 3600
    board.step(millis(at("09:00")) + 17 * HOUR_MS)
    assert board.read("site", "agents_unknown", "live").value == 2
    board.step(millis(at("09:00")) + 8 * DAY_MS)
    assert board.read("site", "agents_unknown", "live").value == 1
    board.drop("agents-0")
    assert len(board.agents()) == 1


def test_contacts_of_the_same_segments_are_apart_from_agents_time() -> None:
    """In one source, and in two of one board: percentiles, counts, history."""
    contact = [
        {"type": f"contact.{kind}", "id": f"c{clock}", "source": "s", "subject": "c",
         "time": at(clock), "data": data}
        for kind, clock, data in (
            ("queued", "09:10", {"queue": "sales"}),
            ("answered", "09:11", {"agent": "a", "team": "T"}),
            ("ended", "09:21", {}),
        )
    ]  # fmt: skip
    contacts = [json.dumps(e).encode() for e in contact]
    agents = [state("09:00", "available", team="T", queues=["sales"]), state("10:00", "offline")]
    visibles: list[list[Visible]] = []
    for parts in ([[*contacts, *agents]], [contacts, agents]):
        of_part = []
        for raws in parts:
            ledger = Ledger(policy(UTC), "voice")
            assert not ledger.apply_all(raws, NO_END)
            of_part.append(ledger.take_changes().visible)
        visibles.append(of_part)
    for of_part in visibles:
        board = Board(Zone("UTC"), ReadingPolicy(), [f"agents-{i}" for i in range(2)], Retention())
        for i, visible in enumerate(of_part):
            board.apply(f"agents-{i}", visible)
        board.step(millis(at("11:00")))
        for segment in ("site", "queue:sales", "team:T"):
            read = {
                kpi: board.read(segment, kpi, "today").value
                for kpi in ("wait_p90", "handled", "staffed_time", "contacts_per_hour")
            }
            p90 = read.pop("wait_p90")
            assert p90 is not None
            assert 59 < p90 < 61
            assert read == {"handled": 1, "staffed_time": 3600, "contacts_per_hour": 1.0}
    ((visible,), _) = visibles
    presence = Presence(millis(at("00:00")), millis(at("11:00")), {})
    table = rows(visible.cells[2], parse_by("day"), ["wait_p90", "staffed_time"], Zone("UTC"),
                 ReadingPolicy(), (), presence)  # fmt: skip
    assert [row[3] for row in table.rows if row[1] == "site"] == [3600.0]
    assert all(59 < float(row[2] or 0) < 61 for row in table.rows if row[1] == "queue:sales")


@pytest.mark.parametrize("hours", [0, 1, 15, 17, 30, 9 * 24])
def test_silence_is_no_event_and_an_edge_without_one_books_as_much(hours: int) -> None:
    """`advance` in one leap or in many; heartbeats of others, too."""
    shift = [plan(("09:00", "12:00", True)), plan(("33:00", "36:00", True))]
    said = [*shift, state("09:00", "available"), state("11:00", "paused", heartbeat_s=900)]
    now = millis(at("11:00")) + hours * HOUR_MS
    leap, steps = (Ledger(policy(UTC), "voice") for _ in range(2))
    for ledger in (leap, steps):
        ledger.apply_all(said, NO_END)
    for ms in range(millis(at("11:00")), now, 17 * 60_000):
        steps.advance(ms)
        steps.take_changes()
    check(leap, Slow(said, UTC), now, now - HOUR_MS)
    check(steps, Slow(said, UTC), now, now - HOUR_MS)
    assert by_resolution(leap.everything()) == by_resolution(steps.everything())


def test_a_source_that_is_alive_moves_the_edge() -> None:
    """And what is planned takes effect."""
    alive = {"type": "source.alive", "id": "x", "source": "t", "time": at("10:00")}
    raw = json.dumps({**alive, "data": {"every_s": 60}}).encode()
    ledger = Ledger(policy(UTC), "voice")
    ledger.apply_all([plan(("09:00", "12:00", True)), raw], [millis(at("10:00"))] * 2)
    visible = ledger.take_changes().visible

    assert visible.edge_ms == millis(at("10:00"))
    assert visible.levels["site"]


def test_the_edge_is_the_least_of_event_and_append_time() -> None:
    """What lies ahead of it is in no cell; with one bound for all it goes as far as both allow."""
    nine, ten = millis(at("09:00")), millis(at("10:00"))
    for appended, edge in (([nine - 60_000], nine - 60_000), ([ten], nine), (ten, nine)):
        ledger = Ledger(policy(UTC), "voice")
        ledger.apply_all([state("09:00", "available")], appended)
        assert ledger.agents.edge_ms == edge
        assert bool(ledger.take_changes().visible.levels) == (edge == nine)
    ledger.apply_all([state("08:00", "available")], [ten])
    assert ledger.agents.edge_ms == nine


def test_plans_and_late_events_move_nothing() -> None:
    """Neither the source's time nor the edge."""
    ledger = Ledger(policy(UTC), "voice")
    ledger.apply_all([state("09:00", "available")], [NO_END])
    later = named("p", event("agent.schedule", "p", "15:00", {"revision": 1, "activities": [],
                                                             "date": "2026-11-02"}))  # fmt: skip
    old = state("08:00", "paused").replace(at("08:00").encode(), iso(0).encode())
    assert len(ledger.apply_all([later, old], [NO_END] * 2)) == 1
    assert ledger.top_ms == ledger.agents.edge_ms == millis(at("09:00"))


def test_counts_of_what_was_not_simply_folded() -> None:
    """Repetitions, disorder, plans that others go before."""
    ledger = Ledger(policy(UTC), "voice")
    new, old = plan(("09:00", "12:00", True), revision=2), plan(("09:00", "11:00", True))
    said = [state("09:00", "available"), state("10:00", "paused")]
    ledger.apply_all([new, *said, *said, new, old, state("09:30", "hold")], NO_END)

    assert ledger.counts == {"repeated": 3, "superseded": 1, "disorder": 1}
