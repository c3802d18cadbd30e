"""The simulated agents' plans, what they do, and what happens to contacts agree."""

import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import pytest

from streams.simulator import simulate

START = dt.datetime(2026, 11, 24, tzinfo=dt.timezone(dt.timedelta(hours=1)))
START_MS = int(START.timestamp() * 1000)
END_MS = START_MS + 86_400_000
MINUTE_MS = 60_000
SHIFT_MS = 8 * 60 * MINUTE_MS
BREATH_MS = 400
AWAY = {"offline", "paused"}
PLANNED = {"pause", "repas", "reunion", "formation"}
UNPLANNED = {"toilettes", "technique", "back-office", "coaching", "no_answer"}


class Plan(NamedTuple):
    """A published plan of an agent's day."""

    said_ms: int
    revision: int
    activities: list[dict[str, Any]]

    @property
    def span(self) -> tuple[int, int]:
        """From when to when the shift goes."""
        return self.activities[0]["from_ms"], self.activities[-1]["to_ms"]


class State(NamedTuple):
    """What an agent does until the next state."""

    from_ms: int
    to_ms: int
    state: str
    reason: str


class Day:
    """A day as its events tell it."""

    def __init__(self, seed: int, size: float) -> None:
        self.plans: dict[tuple[str, str], list[Plan]] = defaultdict(list)
        """(agent, date) → its revisions."""
        self.teams: dict[str, str] = {}
        self.states: dict[str, list[State]] = {}
        self.served: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
        """(agent, contact) → what he does with it since when, as the agent's states say it."""
        self.told: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
        """The same, as the contact's events say it."""
        self._held: dict[str, dict[str, str]] = defaultdict(dict)
        said: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
        with_agent: dict[str, str] = {}
        for event in simulate(seed, START, dt.timedelta(days=1), size=size):
            x = msgspec.json.decode(event.value)
            kind, subject, data = x["type"], x["subject"], x["data"]
            if kind == "agent.state":
                said[subject].append((event.at_ms, data["state"], data.get("reason", "")))
                self._serves(event.at_ms, subject, data.get("contacts", []))
            elif kind == "agent.schedule":
                self.teams[subject] = data["team"]
                self._planned(event.at_ms, subject, data)
            elif kind.startswith("contact."):
                self._tells(event.at_ms, kind.removeprefix("contact."), subject, data, with_agent)
        for agent, states in said.items():
            following = [at_ms for at_ms, _, _ in states[1:]]
            self.states[agent] = [
                State(at_ms, to_ms, state, reason)
                for (at_ms, state, reason), to_ms in zip(states, [*following, END_MS], strict=True)
            ]

    def _planned(self, at_ms: int, agent: str, data: dict[str, Any]) -> None:
        for activity in data["activities"]:
            for edge in ("start", "end"):
                moment = dt.datetime.fromisoformat(activity[edge])
                activity["from_ms" if edge == "start" else "to_ms"] = round(
                    moment.timestamp() * 1000
                )
        plan = Plan(at_ms, data["revision"], data["activities"])
        self.plans[agent, data["date"]].append(plan)

    def _serves(self, at_ms: int, agent: str, contacts: list[dict[str, str]]) -> None:
        now = {c["contact"]: c["state"] for c in contacts}
        before, self._held[agent] = self._held[agent], now
        for contact in before.keys() - now:
            self.served[agent, contact].append((at_ms, "gone"))
        for contact, state in now.items():
            if before.get(contact) != state:
                self.served[agent, contact].append((at_ms, state))

    def _tells(
        self, at_ms: int, kind: str, contact: str, data: dict[str, Any], with_agent: dict[str, str]
    ) -> None:
        agent = data.get("agent") or with_agent.get(contact)
        becomes = {
            "offered": "ringing", "missed": "gone", "answered": "on_contact", "held": "hold",
            "resumed": "on_contact", "ended": "wrap_up", "transferred": "wrap_up",
            "wrapped": "gone",
        }.get(kind)  # fmt: skip
        if agent is None or becomes is None:
            return
        if kind == "answered":
            with_agent[contact] = agent
        elif kind in {"ended", "transferred"}:
            del with_agent[contact]
            if contact.startswith("ticket"):
                becomes = "gone"
        self.told[agent, contact].append((at_ms, becomes))

    def last_plans(self) -> Iterator[tuple[str, Plan]]:
        """Yields the plans that stand, without those of days off."""
        for (agent, _), plans in self.plans.items():
            if plans[-1].activities:
                yield agent, plans[-1]

    def within(self, agent: str, from_ms: int, to_ms: int) -> list[State]:
        """Returns what an agent does in a span, cut to it."""
        return [
            one._replace(from_ms=max(one.from_ms, from_ms), to_ms=min(one.to_ms, to_ms))
            for one in self.states.get(agent, [])
            if one.from_ms < to_ms and from_ms < one.to_ms
        ]

    def comes(self, agent: str, plan: Plan) -> bool:
        """Whether an agent is there at all in a shift."""
        return any(one.state != "offline" for one in self.within(agent, *plan.span))


@pytest.fixture(scope="module")
def day() -> Day:
    """A day of some hundred shifts."""
    return Day(1, 0.4)


def test_agents_hold_ring_talk_and_wrap_up_as_the_contacts_say(day: Day) -> None:
    """The same steps in the same order, but for the moment that a system needs."""
    assert len(day.served) > 1000
    assert day.served.keys() == day.told.keys()
    for key, story in day.served.items():
        told = day.told[key]
        assert [what for _, what in story] == [what for _, what in told], key
        for (at_ms, _), (told_ms, _) in zip(story, told, strict=True):
            assert 0 <= at_ms - told_ms <= BREATH_MS, key


def test_a_plan_is_whole(day: Day) -> None:
    """One activity follows the other, from the shift's start to its end, in every revision."""
    for plans in day.plans.values():
        spans = {p.span for p in plans if p.activities}
        assert len(spans) == 1
        for from_ms, to_ms in spans:
            assert to_ms - from_ms == SHIFT_MS
        for activity in (a for p in plans for a in p.activities):
            assert activity["from_ms"] < activity["to_ms"]
            assert activity["productive"] == (activity["activity"] == "file")
            assert activity["activity"] in {"file", *PLANNED}
            assert activity.get("tracked", True) == (activity["activity"] != "formation")
        for plan in plans:
            for a, b in itertools.pairwise(plan.activities):
                assert a["to_ms"] == b["from_ms"]
        assert [p.revision for p in plans] == list(range(1, len(plans) + 1))


def test_nobody_works_at_two_plans(day: Day) -> None:
    """An agent's shifts lie apart."""
    spans = defaultdict(list)
    for agent, plan in day.last_plans():
        spans[agent].append(plan.span)
    for own in spans.values():
        assert all(a[1] < b[0] for a, b in itertools.pairwise(sorted(own)))


def test_the_operation_keeps_to_its_plans_but_not_quite(day: Day) -> None:
    """Adherence as in a good centre: tracked time in which the state fits the activity."""
    scheduled = adherent = 0
    for agent, plan in day.last_plans():
        for a in plan.activities:
            if not a.get("tracked", True):
                continue
            from_ms, to_ms = max(a["from_ms"], START_MS), min(a["to_ms"], END_MS)
            there = sum(
                one.to_ms - one.from_ms
                for one in day.within(agent, from_ms, to_ms)
                if one.state not in AWAY
            )
            length = max(0, to_ms - from_ms)
            scheduled += length
            adherent += there if a["productive"] else length - there
    assert 0.80 < adherent / scheduled < 0.97


def test_some_never_come_and_their_plans_stay(day: Day) -> None:
    """Unlike those who are ill: theirs is a day off by the second revision."""
    missing = [
        (agent, plan)
        for agent, plan in day.last_plans()
        if plan.span[0] < END_MS - SHIFT_MS and not day.comes(agent, plan)
    ]
    ill = {key: plans for key, plans in day.plans.items() if not plans[-1].activities}

    assert 0.01 < len(missing) / len(day.plans) < 0.06
    assert all(plan.revision == 1 for _, plan in missing)
    assert 0 < len(ill) / len(day.plans) < 0.06
    for (agent, _), plans in ill.items():
        assert plans[-1].revision == 2
        assert plans[-1].said_ms > plans[0].span[0]
        assert not day.comes(agent, plans[0])


def test_in_the_middle_of_a_day_somebody_is_missing() -> None:
    """So a demonstration shows one in its first hour."""
    now = START + dt.timedelta(hours=10)
    now_ms = int(now.timestamp() * 1000)
    planned, seen = set(), set()
    for event in simulate(1, now, dt.timedelta(minutes=1), warm_start=True, size=0.5):
        x = msgspec.json.decode(event.value)
        if x["type"] == "agent.schedule" and x["data"]["activities"]:
            first, last = x["data"]["activities"][0], x["data"]["activities"][-1]
            edges = (dt.datetime.fromisoformat(t) for t in (first["start"], last["end"]))
            from_ms, to_ms = (round(t.timestamp() * 1000) for t in edges)
            if from_ms + 30 * MINUTE_MS < now_ms < to_ms:
                planned.add(x["subject"])
        elif x["type"] == "agent.state" and event.at_ms > now_ms - SHIFT_MS:
            seen.add(x["subject"])

    assert 0 < len(planned - seen) < 0.1 * len(planned)


def test_most_are_there_in_time_and_few_are_late(day: Day) -> None:
    """Within two minutes or so, or five to twenty minutes after the start."""
    off = []
    for agent, plan in day.last_plans():
        if plan.span[0] > START_MS and day.comes(agent, plan):
            first = next(
                one.from_ms
                for one in day.states[agent]
                if one.state != "offline" and one.from_ms > plan.span[0] - 10 * MINUTE_MS
            )
            off.append((first - plan.span[0]) / MINUTE_MS)

    assert sum(abs(o) <= 2.5 for o in off) > 0.85 * len(off)
    assert any(5 <= o <= 20 for o in off)
    assert all(-5 < o <= 20 for o in off)


def test_whoever_has_gone_is_offline_and_few_go_early(day: Day) -> None:
    """After the last contact; only who goes early is offline while he is planned."""
    early = ends = 0
    for agent, plan in day.last_plans():
        end_ms = plan.span[1]
        if end_ms < END_MS - 90 * MINUTE_MS and day.comes(agent, plan):
            ends += 1
            early += day.within(agent, end_ms - 2 * MINUTE_MS, end_ms)[0].state == "offline"
            late = end_ms + 60 * MINUTE_MS
            assert day.within(agent, late, late + 1)[0].state == "offline"
    assert 0 < early < 0.12 * ends


def test_pauses_have_reasons_planned_and_not(day: Day) -> None:
    """Each of them occurs, and no other."""
    paused = [one for states in day.states.values() for one in states if one.state == "paused"]

    assert {one.reason for one in paused} == PLANNED | UNPLANNED
    assert all(
        not one.reason for states in day.states.values() for one in states if one not in paused
    )
    minutes = [(p.to_ms - p.from_ms) / MINUTE_MS for p in paused if p.reason == "pause"]
    assert any(m > 20 for m in minutes)
    assert sum(m < 19 for m in minutes) > 0.85 * len(minutes)


def test_a_team_meets_in_rounds_so_that_somebody_serves(day: Day) -> None:
    """Most of a day's shifts have one meeting; never more than half a team is in it."""
    meetings = [
        (day.teams[agent], a["from_ms"], a["to_ms"], agent)
        for agent, plan in day.last_plans()
        for a in plan.activities
        if a["activity"] == "reunion"
    ]
    for team in {team for team, *_ in meetings}:
        own = [m for m in meetings if m[0] == team]
        rounds = {from_ms for _, from_ms, _, _ in own}
        assert len(rounds) >= 2
        for at_ms in rounds:
            there = [
                a for a, p in day.last_plans()
                if day.teams[a] == team and p.span[0] <= at_ms < p.span[1]
            ]  # fmt: skip
            assert sum(from_ms == at_ms for _, from_ms, _, _ in own) <= max(1, len(there) / 2)
    met = [
        any(one.reason == "reunion" for one in day.within(agent, from_ms, to_ms))
        for _, from_ms, to_ms, agent in meetings
        if from_ms > START_MS and agent in day.states and to_ms < END_MS
    ]
    assert len(meetings) > 0.5 * len(day.plans)
    assert sum(met) > 0.85 * len(met)


def test_some_plans_are_changed_ahead_and_some_behind(day: Day) -> None:
    """A break is moved by half an hour, and the agent follows the later plan."""
    ahead = behind = 0
    for plans in day.plans.values():
        if len(plans) == 1 or not plans[-1].activities:
            continue
        away = [
            {
                (a["activity"], a["from_ms"], a["to_ms"])
                for a in plan.activities
                if not a["productive"]
            }
            for plan in plans
        ]
        (old,), (new,) = away[0] - away[1], away[1] - away[0]
        said_ms = plans[1].said_ms
        assert old[0] == new[0]
        assert abs(new[1] - old[1]) == 30 * MINUTE_MS
        is_ahead, is_behind = said_ms <= min(old[1], new[1]), said_ms >= max(old[2], new[2])
        assert is_ahead != is_behind
        ahead += is_ahead
        behind += is_behind
    assert ahead
    assert behind
