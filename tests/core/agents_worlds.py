"""Random agents for the property tests: shifts and what people make of them, in disorder.

Most lie on a coarse grid, so that times collide; some on any millisecond. Most changes of state lie
near a boundary of the plan, so that lateness, long breaks and tolerance happen. Times span two or
three local days with a night on which the clocks change.
"""

import datetime as dt
import json
import random
import zoneinfo
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.core.agents_reference import ANY_MS

SECOND = 1000
MINUTE = 60_000
HOUR = 3_600_000
ZONES = [
    ("Europe/Paris", "2026-10-25"),
    ("Europe/Paris", "2026-03-29"),
    ("America/New_York", "2026-03-08"),
    ("Asia/Kathmandu", "2026-05-05"),
    ("Australia/Lord_Howe", "2026-04-05"),
    ("America/Havana", "2026-03-08"),
    ("America/Havana", "2026-11-01"),
]
"""(zone, a local date in the middle of the world)"""
STATES = ["offline", "available", "ringing", "on_contact", "hold", "wrap_up", "paused"]
LIKELY = ["offline", "available", "available", "on_contact", "paused", "paused", *STATES]
CONTACT_STATES = [None, "on_contact", "hold", "wrap_up", "ringing", "paused", "available"]
TEAMS = ["north", "south", "équipe", "e\u0301quipe"]
"""The last two are one name."""
CHOICES: dict[str, list[Any]] = {
    "team": [*TEAMS, "", None],
    "site": ["lyon", "lille", None],
    "reason": ["lunch", "coaching", "é", ""],
    "queues": [[], ["sales"], ["sales", "service"], ["service", "sales", "service"], None],
    "capacity": [0, 1, 3, None],
    "skills": [["fr", "de"]],
    "next": ["paused"],
}
GONE = ["offline", "offline", "paused"]
WORKING = ["available", "on_contact", "wrap_up"]
RESTING = ["paused", "paused", "offline"]
Record = tuple[int, dict[str, Any]]
"""(event time, event without its time)"""
Cue = tuple[int, list[str]]
"""(a boundary of a plan, states that fit what begins there)"""


@dataclass(frozen=True)
class World:
    """Records as they arrive, and instants at which somebody reads."""

    zone: str
    step: int
    """All times but those of reading are multiples of it (ms); `ANY_MS` = there is no grid."""
    tolerance: int
    arrivals: list[bytes]
    times: list[int]
    """The event times of the arrivals."""
    nows: list[int]
    """From the greatest event time on."""

    @property
    def newest(self) -> int:
        """The greatest event time."""
        return max(self.times)


def iso(ms: int, zone: dt.tzinfo = dt.UTC) -> str:
    """Returns an instant as RFC 3339."""
    moment = dt.datetime.fromtimestamp(ms // 1000, zone)
    return moment.replace(microsecond=ms % 1000 * 1000).isoformat().replace("+00:00", "Z")


def local(zone: zoneinfo.ZoneInfo, date: dt.date, minutes: int) -> int:
    """Returns the instant of a local time; the clock may pass midnight."""
    moment = dt.datetime.combine(date, dt.time(), zone) + dt.timedelta(minutes=minutes)
    return int(moment.timestamp()) * 1000


@dataclass
class Maker:
    """Makes one world: draws from `r`, which may be Hypothesis'."""

    r: random.Random
    zone: zoneinfo.ZoneInfo
    step: int
    start: int
    end: int
    """States lie from start to end."""

    @property
    def unit(self) -> int:
        """What lengths are multiples of: without a grid of a millisecond, or of 5 s."""
        return self.step if self.step > ANY_MS or self.chance(30) else 5 * SECOND

    def chance(self, percent: int) -> bool:
        """Returns True so many times of a hundred."""
        return self.r.randrange(100) < percent

    def on_grid(self, least: int, most: int) -> int:
        """Returns a time, or a length, on the grid."""
        return self.r.randrange(least // self.step, most // self.step + 1) * self.step

    def spans(self, date: dt.date) -> list[tuple[int, int]]:
        """Returns a shift: adjoining activities, and gaps; some pass midnight."""
        at = local(self.zone, date, self.r.choice([0, 60, 7 * 60 + 30, 9 * 60, 20 * 60, 23 * 60]))
        at += self.on_grid(0, HOUR) if self.chance(50) else 0
        spans = []
        for _ in range(self.r.randrange(1, 6)):
            length = self.on_grid(self.step, self.r.choice([10 * MINUTE, HOUR, 5 * HOUR]))
            spans.append((at, at + length))
            at += length + (self.on_grid(0, HOUR) if self.chance(25) else 0)
        return spans

    def plan(self, agent: str, name: str, date: dt.date) -> tuple[Record, list[Cue]]:
        """Returns a plan for a date and its cues; some are days off, some are refused."""
        spans = self.spans(date) if self.chance(85) else []
        activities = [self.activity(*span) for span in spans]
        if self.chance(80):
            for activity in activities[1::2]:
                activity["productive"] = False
        refused = self.chance(10)
        if refused and spans:
            (start, end), (first, _) = spans[-1], spans[0]
            wrong = [(end, start), (start, start)] + [(first, end)] * (len(spans) > 1)
            activities[-1] |= self.activity(*self.r.choice(wrong))
        data: dict[str, Any] = {"revision": self.r.randrange(4), "activities": activities}
        if activities and self.chance(40):
            data["date"] = self.r.choice([None, ""])  # that of the first start
        elif activities or not refused:
            data["date"] = date.isoformat()
        data |= {k: self.r.choice(CHOICES[k]) for k in ("team", "site") if self.chance(40)}
        cues = self.cues(spans, activities)
        if self.chance(20):
            self.r.shuffle(activities)
        ms = self.on_grid(self.start - 12 * HOUR, self.end)
        event = {"type": "agent.schedule", "id": name, "source": "wfm", "subject": agent}
        return (ms, {**event, "data": data}), cues

    @staticmethod
    def cues(spans: list[tuple[int, int]], activities: list[dict[str, Any]]) -> list[Cue]:
        """Returns the boundaries of a plan, and what fits after them."""
        cues = [(end, GONE) for _, end in spans if end not in dict(spans)]
        for (start, _), activity in zip(spans, activities, strict=True):
            cues.append((start, RESTING if activity.get("productive") is False else WORKING))
        return cues

    def activity(self, start: int, end: int) -> dict[str, Any]:
        """Returns one activity of a plan."""
        zone = self.zone if self.chance(50) else dt.UTC
        found: dict[str, Any] = {"start": iso(start, zone), "end": iso(end, zone)}
        found["activity"] = self.r.choice(["work", "break", "meeting"])
        if self.chance(60):
            found["productive"] = self.r.choice([True, False, False, None])
        if self.chance(30):
            found["tracked"] = self.r.choice([True, False, False, None])
        return found

    def state(self) -> dict[str, Any]:
        """Returns what an `agent.state` says."""
        d: dict[str, Any] = {"state": self.r.choice(LIKELY)}
        d |= {k: self.r.choice(v) for k, v in CHOICES.items() if self.chance(40)}
        if self.chance(30):
            d["contacts"] = [
                {"contact": f"c{i}", "channel": "chat", "state": self.r.choice(CONTACT_STATES)}
                for i in range(self.r.randrange(4))
            ]
        if self.chance(30):
            lasts = self.unit * self.r.choice([1, 2, 7, 60, 600])
            d["heartbeat_s"] = self.r.choice([lasts / 2000, 45_000, None])
        return d

    def states(
        self, agent: str, count: int, cues: list[Cue], *, obedient: bool
    ) -> list[Record]:  # fmt: skip
        """Returns states, heartbeats, corrections under the same identity, and twins in time."""
        cues = [cue for cue in cues if self.start <= cue[0] <= self.end]
        cues.sort(key=lambda cue: cue[0])
        first = self.r.randrange(10)
        records: list[Record] = []
        for i in range(count):
            ms, data = self.on_grid(self.start, self.end), self.state()
            if cues and self.chance(95 if obedient else 70):
                ms, fitting = cues[(first + i) % len(cues)] if obedient else self.r.choice(cues)
                unit = self.unit
                ms += self.on_grid(-unit, self.r.choice([5, 60]) * unit)
                if obedient:
                    data |= {"state": self.r.choice(fitting), "contacts": None, "heartbeat_s": None}
            if records and self.chance(10):
                ms = records[-1][0]
            event = {
                "type": "agent.state", "id": f"{agent}-{i}", "source": self.r.choice("st"),
                "subject": agent, "data": data,
            }  # fmt: skip
            records.append((ms, event))
            if self.chance(15):  # a heartbeat: it says the same again
                records.append((ms + self.on_grid(self.step, HOUR), {**event, "id": f"{i}-again"}))
            if self.chance(15):  # the same identity with other content
                moved = self.r.choice([0, 0, self.on_grid(-9 * HOUR, 9 * HOUR)])
                records.append((ms + moved, {**event, "data": self.state()}))
            if self.chance(5):  # the same id from another source
                records.append((ms, {**event, "source": "u", "data": self.state()}))
        return records

    def agent(self, name: str, dates: list[dt.date], count: int) -> list[Record]:
        """Returns all that is said about one agent: some have no plan, some nothing but plans."""
        planned, obedient = self.chance(85), self.chance(50)
        records: list[Record] = []
        cues: list[Cue] = []
        for date in dates if planned else []:
            for _ in range(1 if obedient else self.r.choice([0, 1, 1, 2, 3])):
                record, found = self.plan(name, f"{name}-plan{len(records)}", date)
                records.append(record)
                cues += found
        if not records or self.chance(80):
            records += self.states(name, self.r.randrange(1, count + 1), cues, obedient=obedient)
        return records

    def arrivals(self, records: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
        """Returns the records as they arrive: in order, some late, or anyhow; some come twice."""
        records = [*records, *(record for record in records if self.chance(15))]
        late = self.r.choice([0, HOUR, 9 * HOUR, 90 * HOUR])
        delays = [(ms + self.on_grid(0, late), ms, raw) for ms, raw in records]
        return [(ms, raw) for _, ms, raw in sorted(delays, key=lambda d: d[0])]


def make(
    r: random.Random, *, facts: int = 40, agents: int = 3, steps: tuple[int, ...] = (5 * SECOND,)
) -> World:
    """Returns a world of up to so many agents with up to so many states each."""
    name, middle = r.choice(ZONES)
    zone = zoneinfo.ZoneInfo(name)
    first = dt.date.fromisoformat(middle) - dt.timedelta(days=1)
    days = r.choice([2, 3])
    dates = [first + dt.timedelta(days=d) for d in range(-1, days + 1)]
    step = r.choice(steps)
    start, end = local(zone, first, 0), local(zone, dates[-1], 0)
    maker = Maker(r, zone, step, start, end)
    records: list[tuple[int, bytes]] = []
    for i in range(r.randrange(1, agents + 1)):
        for ms, event in maker.agent(f"a{i}", dates, facts):
            stamped = {"specversion": "1.0", **event, "time": iso(ms, r.choice([zone, dt.UTC]))}
            records.append((ms, json.dumps(stamped, separators=(",", ":")).encode()))
    arrivals = maker.arrivals(records)
    newest = max(ms for ms, _ in arrivals)
    ahead = [r.randrange(15 * MINUTE), r.randrange(10 * HOUR), r.randrange(30 * HOUR)]
    nows = [newest, *(newest + ms for ms in ahead)]
    unit = maker.unit
    return World(
        name, step, r.choice([0, 0, unit, 5 * unit, 60 * unit]),
        [raw for _, raw in arrivals], [ms for ms, _ in arrivals], nows,
    )  # fmt: skip


def world(seed: int) -> World:
    """Returns a big world: three days of up to three agents on a grid of 5 s."""
    return make(random.Random(seed))


def worlds() -> st.SearchStrategy[World]:
    """Worlds for Hypothesis: small, without a grid or on coarse ones, so that many are tried."""
    return st.builds(
        lambda r: make(r, facts=12, agents=2, steps=(ANY_MS, 5 * SECOND, MINUTE, 5 * MINUTE)),
        st.randoms(use_true_random=False),
    )
