"""What facts and plan make of every moment, on cases written by hand."""

from collections import Counter

import pytest

from streams.core.agents.derive import (
    FOREVER,
    Condition,
    Kind,
    Line,
    Piece,
    next_change,
    pieces,
)
from streams.core.agents.groups import Groups
from streams.core.agents.labels import (
    CAPACITY,
    CLASSES,
    CONTACTS,
    FITS,
    FITS_IN_BREAK,
    FITS_NOT,
    NOT_OUT,
    OFFLINE,
    OUTS,
    RATES,
    STATES,
    STEP,
    is_break,
    label_of,
    measures_of,
    plan_class,
    state_of,
    sum_up,
)
from streams.core.agents.now import AgentNow, agent_now
from streams.core.agents.plan import Plan, timeline
from streams.core.agents.steps import Levels, Place, book, difference, spread_steps, weights
from streams.core.agents.tail import tail
from streams.core.agents.times import by_label, measures, take_levels
from streams.core.buckets import DAY_MS, EVERYTHING, Zone
from streams.core.dims import Dims
from streams.core.policy import FoldPolicy
from tests.core.agents_fold import NO_END, SEGMENTS
from tests.core.agents_reference import millis
from tests.core.test_agents_plan import clock, made
from tests.core.test_agents_reference import at

WORK = plan_class(productive=True, tracked=True)
REST = plan_class(productive=False, tracked=True)
LOOSE = plan_class(productive=True, tracked=False)
LOOSE_REST = plan_class(productive=False, tracked=False)
POLICY = FoldPolicy(segments=SEGMENTS, retention=EVERYTHING)
END = millis(at("30:00"))
Said = tuple[str, str]
"""(clock, state) or (clock, `state:lasts in min`)"""


def groups() -> Groups:
    """Returns no groups yet."""
    return Groups(POLICY, Dims(POLICY, Counter()))


def kind(state: str, lasts_ms: int = FOREVER) -> Kind:
    """Returns what a fact says."""
    return Kind(STATES.index(state), None, None, (), None, 0, 0, lasts_ms)


def line(facts: list[Said], *plans: Plan, tolerance_min: int = 0) -> Line:
    """Returns an agent."""
    found = Line("a")
    for when, said in facts:
        name, _, lasts = said.partition(":")
        found.times.append(millis(at(when)))
        found.kinds = [*found.kinds, kind(name, int(lasts) * 60_000 if lasts else FOREVER)]
    found.plans = {plan.date: plan for plan in plans}
    found.timeline = timeline(found.plans, tolerance_min * 60_000, Zone("UTC"))
    found.gone_ms = 8 * DAY_MS
    return found


def told(agent: Line, lo: str = "00:00", hi: str = "30:00") -> list[tuple[str, str, str]]:
    """Returns pieces as (clock, state, how it is out of adherence)."""
    found = []
    for t, condition, _ in pieces(agent, millis(at(lo)), millis(at(hi)), groups()):
        counts = measures_of(condition.label)
        out = [how for how in OUTS[1:] if f"out_{how}_strict" in counts]
        found.append((clock(t), state_of(condition.label), "".join(out)))
    return found


DAY = made(("09:00", "11:00", "work"), ("11:00", "11:30", "break"), ("11:30", "15:00", "work"))


def test_before_the_first_fact_an_agent_is_offline() -> None:
    """And stays what he was said to be."""
    assert told(line([("09:00", "available")])) == [
        ("00:00", "offline", ""), ("09:00", "available", "")
    ]  # fmt: skip
    assert told(line([])) == [("00:00", "offline", "")]


def test_late_until_the_first_state_that_fits() -> None:
    """Offline or paused; in a break that the shift begins with, paused fits."""
    assert told(line([("09:10", "paused"), ("09:20", "available"), ("15:00", "offline")], DAY)) == [
        ("00:00", "offline", ""), ("09:00", "offline", "late"), ("09:10", "paused", "late"),
        ("09:20", "available", ""), ("11:00", "available", "wrong_activity"),
        ("11:30", "available", ""), ("15:00", "offline", ""),
    ]  # fmt: skip


def test_a_shift_that_nobody_came_to_is_late_to_its_end() -> None:
    """Being offline in its break is adherent by default, else late as well."""
    assert told(line([], DAY)) == [
        ("00:00", "offline", ""), ("09:00", "offline", "late"), ("11:00", "offline", "late"),
        ("11:30", "offline", "late"), ("15:00", "offline", ""),
    ]  # fmt: skip
    strict = label_of(OFFLINE, REST, FITS_NOT, OUTS.index("late"))
    assert measures_of(strict) == (
        "scheduled", "adherent", "out_strict", "out_late_strict", "missing_strict"
    )  # fmt: skip


def test_early_leave_after_the_last_state_that_fits() -> None:
    """Whatever comes after it."""
    facts = [("09:00", "available"), ("14:00", "paused"), ("14:30", "offline")]

    assert told(line(facts, DAY), "11:30") == [
        ("11:30", "available", ""), ("14:00", "paused", "early_leave"),
        ("14:30", "offline", "early_leave"), ("15:00", "offline", ""),
    ]  # fmt: skip


def test_a_break_that_goes_on_is_long() -> None:
    """Only paused, only from a break on, only until something else happens."""
    facts = [
        ("09:00", "available"), ("10:00", "paused"), ("10:10", "available"), ("11:00", "paused"),
        ("11:40", "offline"), ("11:45", "paused"), ("11:50", "available"), ("15:00", "offline"),
    ]  # fmt: skip

    assert told(line(facts, DAY), "10:00", "12:00") == [
        ("10:00", "paused", "wrong_activity"), ("10:10", "available", ""), ("11:00", "paused", ""),
        ("11:30", "paused", "long_break"), ("11:40", "offline", "wrong_activity"),
        ("11:45", "paused", "wrong_activity"), ("11:50", "available", ""),
    ]  # fmt: skip


def test_a_break_that_begins_early_is_no_long_break() -> None:
    """Paused before the break is something else; on into work it is long."""
    facts = [("09:00", "available"), ("10:50", "paused"), ("11:40", "available")]

    assert told(line(facts, DAY), "10:50", "12:00") == [
        ("10:50", "paused", "wrong_activity"), ("11:00", "paused", ""),
        ("11:30", "paused", "long_break"), ("11:40", "available", ""),
    ]  # fmt: skip


def test_unknown_in_the_middle_of_a_block_is_neither_out_nor_a_fit() -> None:
    """What follows it is judged by what fitted before and after; it ends a break."""
    facts = [("09:00", "available:30"), ("11:00", "paused:20"), ("11:35", "paused"),
             ("14:00", "available"), ("14:30", "offline")]  # fmt: skip

    assert told(line(facts, DAY), "09:00", "14:45") == [
        ("09:00", "available", ""), ("09:30", "unknown", ""), ("11:00", "paused", ""),
        ("11:20", "unknown", ""), ("11:30", "unknown", ""), ("11:35", "paused", "wrong_activity"),
        ("14:00", "available", ""), ("14:30", "offline", "early_leave"),
    ]  # fmt: skip


def test_adjoining_plans_of_two_dates_are_one_block() -> None:
    """Who came for the first is not late for the second; who left it is an early leave."""
    first = made(("20:00", "24:00", "work"))
    second = made(("24:00", "28:00", "work"))
    facts = [("20:00", "available"), ("23:00", "offline")]

    assert told(line(facts, first, second), "20:00", "29:00") == [
        ("20:00", "available", ""), ("23:00", "offline", "early_leave"), ("28:00", "offline", ""),
    ]  # fmt: skip
    apart = made(("24:01", "28:00", "work"))
    assert told(line(facts, first, apart), "24:00") == [
        ("24:00", "offline", ""), ("24:01", "offline", "late"), ("28:00", "offline", ""),
    ]  # fmt: skip


def test_untracked_time_is_out_of_nothing() -> None:
    """But it takes part in its block: who fits it has come."""
    loose = made(
        activities=[
            {"start": at("09:00"), "end": at("10:00"), "activity": "x", "tracked": False},
            {"start": at("10:00"), "end": at("11:00"), "activity": "y"},
        ]
    )

    facts = [("09:30", "available"), ("10:00", "paused")]
    assert told(line(facts, loose), "09:00", "11:00") == [
        ("09:00", "offline", ""), ("09:30", "available", ""), ("10:00", "paused", "early_leave"),
    ]  # fmt: skip


def test_a_part_is_what_the_whole_says_there() -> None:
    """Pieces hang on the whole block, not on where somebody begins to look."""
    facts = [
        ("09:10", "available"), ("10:00", "paused"), ("10:20", "available"), ("11:00", "paused"),
        ("11:40", "available:45"), ("14:00", "available"), ("14:50", "offline"),
    ]  # fmt: skip
    agent, seen = line(facts, DAY, tolerance_min=7), groups()
    whole = pieces(agent, 0, END, seen)
    for lo in range(millis(at("08:50")), millis(at("15:10")), 7 * 60_000):
        for hi in (lo + 1, lo + 60_000, lo + 3_600_000):
            inside = [p for p in whole if lo < p.t < hi]
            before = [p for p in whole if p.t <= lo][-1]
            assert pieces(agent, lo, hi, seen) == [before._replace(t=lo), *inside]
    assert pieces(agent, 5, 5, seen) == []


@pytest.mark.parametrize(
    ("said", "others", "fits"),
    [
        ("available", "work", FITS), ("available", "break", FITS_NOT), ("available", "", FITS_NOT),
        ("paused", "break", FITS), ("paused", "", FITS), ("paused", "work", FITS_NOT),
        ("offline", "", FITS), ("offline", "break", FITS_IN_BREAK), ("offline", "work", FITS_NOT),
    ],
)  # fmt: skip
def test_what_fits_the_other_side_of_a_boundary(said: str, others: str, fits: int) -> None:
    """Two minutes before it, with a tolerance of three; the state fits its own side in no case."""
    own = "work" if said != "available" else "break"
    spans = [("09:00", "10:00", own)]
    if others:
        spans.append(("10:00", "11:00", others))
    agent = line([("08:00", said)], made(*spans), tolerance_min=3)
    at_58 = millis(at("09:58"))
    ((_, condition, _),) = pieces(agent, at_58, at_58 + 1, groups())

    found = condition.label // len(OUTS) % 3
    if own == others == "break" or (own == others and said != "available"):
        fits = FITS_NOT if said != "offline" or others != "break" else fits
    assert found == fits


def test_an_agent_has_gone_when_nothing_was_heard_for_the_horizon() -> None:
    """Unknown before; then offline, with nobody in hand."""
    agent = line([("09:00", "on_contact:60")])
    agent.kinds = [agent.kinds[0]._replace(contacts=2, capacity=3)]
    gone = agent.times[0] + 8 * DAY_MS
    found = pieces(agent, agent.times[0], gone + 1, groups())

    assert [(p.t - agent.times[0], state_of(p.condition.label)) for p in found] == [
        (0, "on_contact"), (3_600_000, "unknown"), (8 * DAY_MS, "offline")
    ]  # fmt: skip
    assert [(p.condition.contacts, p.condition.capacity) for p in found] == [(2, 3), (0, 0), (0, 0)]


def test_who_has_gone_is_not_what_he_said_for_longer() -> None:
    """Where a state is believed for longer than the horizon."""
    agent = line([("09:00", f"available:{20 * 24 * 60}")])
    gone = agent.times[0] + 8 * DAY_MS
    found = pieces(agent, agent.times[0], gone + DAY_MS, groups())

    assert [(p.t, state_of(p.condition.label)) for p in found[1:]] == [(gone, "offline")]
    assert next_change(agent, agent.times[0]) == gone


def test_the_next_change_is_a_fact_a_limit_or_a_boundary() -> None:
    """Whichever comes first after an instant; none is `FOREVER`."""
    agent = line([("09:10", "available:30"), ("12:00", "offline")], made(("09:00", "10:00", "x")))
    moments, now = [], millis(at("08:00"))
    while now < FOREVER:
        now = next_change(agent, now)
        moments.append(now)

    eight_days_later = millis(at("12:00")) + 8 * DAY_MS
    assert [clock(t) for t in moments[:-2]] == ["09:00", "09:10", "09:40", "10:00", "12:00"]
    assert moments[-2:] == [eight_days_later, FOREVER]


# -- labels, steps, levels, times


def test_every_label_counts_as_what_it_should() -> None:
    """Spelled out once more, for all states and classes."""
    for i, state in enumerate(STATES):
        on_queue = state in {"available", "ringing", "on_contact", "hold", "wrap_up"}
        for planned in range(CLASSES):
            productive, tracked = planned in (WORK, LOOSE), planned in (WORK, REST)
            for fits in (FITS_NOT, FITS, FITS_IN_BREAK):
                for out, how in enumerate(OUTS):
                    found = measures_of(label_of(i, planned, fits, out))
                    assert len(found) == len(set(found))
                    has = set(found)
                    known = state != "unknown"
                    assert (state in has) == (state != "offline")
                    assert ("staffed" in has) == (known and state != "offline")
                    assert ("on_queue" in has) == on_queue
                    assert ("busy" in has) == (state in {"on_contact", "hold", "wrap_up"})
                    outside = on_queue and planned == 0
                    assert ("outside" in has) == outside
                    assert ("outside_counted" in has) == (outside and fits != FITS)
                    assert ("productive" in has) == (productive and known)
                    assert ("scheduled" in has) == (tracked and known)
                    own = on_queue if productive else state == "paused"
                    rests = state == "offline" and (planned == REST or fits == FITS_IN_BREAK)
                    for suffix, adherent in (
                        ("_strict", own or fits == FITS),
                        ("", own or fits in (FITS, FITS_IN_BREAK) or rests),
                    ):
                        judged = tracked and known
                        assert (f"adherent{suffix}" in has) == (judged and adherent)
                        assert (f"out{suffix}" in has) == (judged and not adherent)
                        assert (f"out_{how}{suffix}" in has) == (judged and not adherent)
                        missing = judged and not adherent and state == "offline"
                        assert (f"missing{suffix}" in has) == missing
    assert measures_of(CONTACTS) == ("contacts",)
    assert measures_of(CAPACITY) == ("capacity",)
    assert measures_of(RATES + 2) == ("rate2",)


@pytest.mark.parametrize(
    ("planned", "found"),
    [(0, False), (WORK, False), (LOOSE, False), (REST, True), (LOOSE_REST, True)],
)  # fmt: skip
def test_what_is_a_break(planned: int, found: bool) -> None:
    """What is planned and not productive, tracked or not."""
    assert is_break(label_of(OFFLINE, planned, FITS, NOT_OUT)) is found


def condition(state: str, group: int = 0, **more: int) -> Condition:
    """Returns a condition outside of any plan."""
    label = label_of(STATES.index(state), 0, FITS_NOT, NOT_OUT)
    return Condition(group, label, 0, 0)._replace(**more)


ON, OFF, PAUSED = condition("available"), condition("offline"), condition("paused")


def test_the_difference_of_two_derivations() -> None:
    """What both say is not booked; the last piece goes on."""
    old = [Piece(0, OFF, ""), Piece(10, ON, ""), Piece(20, PAUSED, "")]
    new = [Piece(0, OFF, ""), Piece(12, ON, ""), Piece(20, PAUSED, "")]

    assert difference(old, new) == {(10, OFF): 1, (10, ON): -1, (12, OFF): -1, (12, ON): 1}
    assert difference(old, old) == {}
    assert difference([], old[1:]) == {(10, ON): 1, (20, ON): -1, (20, PAUSED): 1}
    same = [Piece(0, OFF, "x"), Piece(5, OFF, "y"), *old[1:]]
    assert difference(old, same) == {}  # another name of the activity is no step


def test_weights_of_a_condition() -> None:
    """An agent counts once, his contacts and places as many, his cost once while staffed."""
    busy = condition("on_contact", contacts=2, capacity=3)

    assert weights(busy, 1) == [(busy.label, 1), (CONTACTS, 2), (CAPACITY, 3), (RATES + 1, 1)]
    assert weights(busy, -1) == [(busy.label, 1), (CONTACTS, 2), (CAPACITY, 3)]
    assert weights(OFF, 1) == []
    assert weights(condition("unknown"), 1) == [(condition("unknown").label, 1)]


def test_steps_are_two_sums_in_the_cell_of_their_time() -> None:
    """And add up to the time between them; levels say who is left."""
    seen, booked = groups(), dict[Place, dict[int, int]]()
    line_of = [Piece(0, OFF, ""), Piece(61_000, ON, ""), Piece(85_000, OFF, ""), Piece(95_000, ON, "")]  # fmt: skip # noqa: E501
    (first, *_) = pieces(line([("09:00", "available")]), 0, 1, seen)
    book(difference([], line_of), seen, booked)
    n, m = STEP + 2 * ON.label, STEP + 2 * ON.label + 1

    assert first.condition.group == 0
    assert booked[Place(6, 0)] == {n: 1, m: 61_000}
    assert booked[Place(8, 0)] == {n: -1, m: -85_000}
    fine, quarter, day = spread_steps(booked, seen, 9, Zone("UTC"))
    assert set(fine) == {9}
    (cells,) = quarter.values()
    assert all(amounts == {n: 1, m: 71_000} for amounts in cells.values())
    assert len(fine[9]) == 1
    assert len(cells) == 2
    assert next(iter(day.values())) == cells
    levels = Levels()
    levels.add(booked, seen)
    names = seen._dims.names
    assert levels.everything(names) == {name: {ON.label: 1} for name in ("site", "agent:a")}
    assert by_label({ON.label: 1}, {n: 1, m: 71_000, 5: 7}, 0, 100_000) == {ON.label: 29_000}
    assert take_levels({ON.label: 1}, {n: 1, m: 71_000, 5: 7}) == {}
    assert measures({ON.label: 1}, {}, 5, 5) == {}
    assert sum_up({ON.label: 0}) == {}


# -- what readers see of an agent


def now_of(agent: Line, told_at: str, now: str, *, strict: bool = False) -> AgentNow:
    """Returns an agent as he is at `now`, by what was told at some time before."""
    names = groups()
    edge = millis(at(told_at))
    found = tail(agent, edge, edge + 9 * DAY_MS, b"", names, names._dims.names)
    assert found is not None
    return agent_now("a", found, millis(at(now)), strict=strict)


TOLD = ("08:00", "09:30", "11:45", "14:55")
FACTS = [("09:10", "available"), ("11:00", "paused:120"), ("14:50", "available:8")]


@pytest.mark.parametrize("told_at", TOLD)
@pytest.mark.parametrize(
    ("now", "state", "since", "activity", "next_break", "out"),
    [
        ("14:55", "available", "14:50", "work", None, None),
        ("15:00", "unknown", "14:58", None, None, None),
        ("29:00", "unknown", "14:58", None, None, None),
    ],
)
def test_an_agent_now_does_not_hang_on_when_it_was_told(
    told_at: str, now: str, state: str, since: str, activity: str | None,
    next_break: str | None, out: str | None,
) -> None:  # fmt: skip
    """Facts that lie ahead of the edge are told with it."""
    shown = now_of(line(FACTS, DAY), told_at, now)

    assert shown.state == state
    assert shown.since_ms == millis(at(since))
    assert shown.activity == activity
    assert shown.next_break_ms == (next_break and millis(at(next_break)))
    assert shown.out_since_ms == (out and millis(at(out)))


def test_since_when_an_agent_is_unknown_is_told_again_and_again() -> None:
    """The day after, too."""
    agent = line([("09:00", "available:60")])
    for told_at in ("09:30", "10:00", "15:00", "29:00"):
        assert clock(now_of(agent, told_at, "29:30").since_ms or 0) == "10:00"


def test_out_of_adherence_since() -> None:
    """From the first moment on, whatever the state was; by the strict rule longer."""
    agent = line([("09:00", "available"), ("11:00", "offline"), ("11:40", "paused")], DAY)
    for told_at in ("09:30", "11:10", "11:35", "11:50"):
        shown = now_of(agent, told_at, "12:00")
        assert (shown.state, clock(shown.out_since_ms or 0)) == ("paused", "11:30")
        assert clock(now_of(agent, told_at, "12:00", strict=True).out_since_ms or 0) == "11:00"
    assert now_of(agent, "09:30", "11:10").out_since_ms is None
    assert now_of(agent, "09:30", "10:00").out_since_ms is None


def test_the_next_break_is_the_next_thing_that_is_not_productive() -> None:
    """Another one after this one; of the same name only after work."""
    shift = made(
        ("09:00", "10:00", "work"), ("10:00", "10:10", "break"), ("10:10", "10:20", "break"),
        ("10:20", "10:30", "bmeeting"), ("10:30", "11:00", "work"), ("11:00", "11:10", "break"),
    )  # fmt: skip
    agent = line([("09:00", "available")], shift)
    expected = {"09:00": "10:00", "10:00": "10:20", "10:15": "10:20", "10:20": "11:00"}

    for now, following in expected.items():
        assert clock(now_of(agent, "08:00", now).next_break_ms or 0) == following
    assert now_of(agent, "08:00", "11:05").next_break_ms is None


def test_who_is_planned_and_was_never_heard_of() -> None:
    """He is offline since nobody knows when, and missing since the shift began."""
    shown = now_of(line([], DAY), "08:00", "10:00")

    assert (shown.state, shown.since_ms, shown.activity) == ("offline", None, "work")
    assert clock(shown.out_since_ms or 0) == "09:00"


def test_why_and_since_when_an_agent_is_paused() -> None:
    """Heartbeats do not begin anew; another reason, or having been unknown between, does."""
    agent = line([("09:00", "paused"), ("09:30", "paused"), ("10:00", "paused:5"), ("10:30", "paused")])  # fmt: skip # noqa: E501
    agent.kinds = [
        k._replace(reason=r) for k, r in zip(agent.kinds, ("x", "y", "y", "y"), strict=True)
    ]
    shown = [now_of(agent, told, told) for told in ("09:10", "10:02", "10:40")]

    assert [(s.reason, clock(s.since_ms or 0)) for s in shown] == [
        ("x", "09:00"), ("y", "09:30"), ("y", "10:30")
    ]  # fmt: skip
    assert now_of(agent, "10:02", "10:10").reason is None


def test_nothing_is_told_of_who_is_offline_without_a_plan() -> None:
    """Neither now nor ahead."""
    names = groups()

    agent = line([("09:00", "offline")])
    assert tail(agent, NO_END, NO_END + 1, b"", names, names._dims.names) is None
