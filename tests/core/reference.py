"""A slow, obvious fold of contacts: facts → entries and legs → bookings, told once at the end.

It shares no code with `streams.core`: plain JSON, plain objects, no incremental booking, no
retraction. What `docs/events.md` and `docs/counting.md` say is written here a second time, as
directly as possible.
"""

import datetime as dt
import json
import unicodedata
import zoneinfo
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

HOUR = 3_600_000
ORDER = [
    "created",
    "queued",
    "offered",
    "missed",
    "answered",
    "held",
    "resumed",
    "message",
    "transferred",
    "flowed_out",
    "abandoned",
    "ended",
    "wrapped",
    "status",
    "solved",
    "reopened",
    "merged",
    "sla",
    "resolved",
]
X_MS = {"voice": 20_000, "chat": 60_000}
LIMITS = {"voice": (4, 24), "callback": (4, 24), "chat": (24, 24), "message": (24, 24)}
Sums = dict[tuple[Any, str], Counter[str]]
Cells = tuple[Sums, Sums, Sums]
Booking = tuple[str, int, int, str, Any, Any]
"""(measure, value, ms, channel, queue, agent)"""


@dataclass
class Fact:
    """A record and what it says."""

    raw: bytes
    ms: int
    rank: int
    id: str
    source: str
    data: dict[str, Any]


@dataclass
class Place:
    """Where a booking stands."""

    ms: int
    channel: str
    queue: Any
    agent: Any


@dataclass
class Entry:
    """A queue entry with its outcome, if it has one."""

    queue: Any
    start: Place
    outcome: str = "open"
    wait: int = 0
    callback: bool = False
    end: Place | None = None


@dataclass
class Leg:
    """A leg; `place` is where it is booked once it has ended."""

    agent: Any
    queue: Any
    start: int
    hold: int = 0
    held: int | None = None
    talk: int = 0
    wrap: int = 0
    end: int | None = None
    place: Place | None = None


@dataclass
class Life:
    """One contact: from its first fact to the fact that begins another under the same id."""

    channel: str
    entries: list[Entry] = field(default_factory=list)
    legs: list[Leg] = field(default_factory=list)
    counts: list[tuple[str, Place]] = field(default_factory=list)
    over: bool = False
    last: int = 0

    @property
    def entry(self) -> Entry | None:
        """The current entry."""
        return self.entries[-1] if self.entries else None

    @property
    def leg(self) -> Leg | None:
        """The running leg."""
        return self.legs[-1] if self.legs and self.legs[-1].end is None else None

    @property
    def waiting(self) -> bool:
        """Whether an entry is open."""
        return self.entry is not None and self.entry.outcome == "open"


def millis(text: str) -> int:
    """Returns ms since 1970."""
    d = dt.datetime.fromisoformat(text) - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return d.days * 86_400_000 + d.seconds * 1000 + d.microseconds // 1000


def facts_of(raws: list[bytes], horizon: int) -> list[Fact]:
    """Returns the facts that stand, in order."""
    facts = []
    for raw in set(raws):
        e = json.loads(raw)
        facts.append(
            Fact(
                raw, millis(e["time"]), ORDER.index(e["type"].removeprefix("contact.")), e["id"],
                e["source"], e.get("data", {}),
            )
        )  # fmt: skip
    standing = []
    for f in facts:
        later = sorted(
            (
                g
                for g in facts
                if (g.source, g.id) == (f.source, f.id) and (g.ms, g.raw) > (f.ms, f.raw)
            ),
            key=lambda g: (g.ms, g.raw),
        )
        if not later or later[0].ms - f.ms > horizon:
            standing.append(f)
    unique = []
    for f in standing:
        twins = [
            g for g in standing
            if (g.rank, g.data.get("queue") or None, g.data.get("agent") or None, g.ms)
            == (f.rank, f.data.get("queue") or None, f.data.get("agent") or None, f.ms)
        ]  # fmt: skip
        special = ORDER[f.rank] in ("message", "status", "sla", "transferred")
        if special or all(f.raw >= g.raw for g in twins):
            unique.append(f)
    return sorted(unique, key=lambda f: (f.ms, f.rank, f.id, f.source))


def seconds(stated: Any, difference: int) -> int:
    """Returns a duration in ms."""
    return round(1000 * stated) if stated is not None and stated >= 0 else max(0, difference)


def lives_of(raws: list[bytes], channel: str, horizon: int) -> list[Life]:
    """Returns the contacts that the facts of one id make."""
    lives: list[Life] = []
    for f in facts_of(raws, horizon):
        if not lives or is_new(lives[-1], f, horizon):
            lives.append(Life(channel))
        life = lives[-1]
        life.last = f.ms
        life.channel = f.data.get("channel") or life.channel
        step(life, ORDER[f.rank], f)
    return lives


def is_new(life: Life, f: Fact, horizon: int) -> bool:
    """Whether a fact begins another contact."""
    if life.over and not life.waiting and life.leg is None:
        return f.ms - life.last > horizon
    waiting, service = LIMITS.get(life.channel, (90 * 24, 90 * 24))
    return f.ms - life.last > 8 * HOUR * (service if life.leg else waiting)


def step(life: Life, kind: str, f: Fact) -> None:  # noqa: C901, PLR0912, PLR0915
    """Takes in one fact: one long list of cases, on purpose."""
    d, e, leg = f.data, life.entry, life.leg

    def here(queue: Any = None, agent: Any = None) -> Place:
        return Place(f.ms, life.channel, queue, agent)

    def close(outcome: str, wait: int, *, callback: bool = False) -> None:
        assert life.entry is not None
        life.entry.outcome, life.entry.wait, life.entry.callback = outcome, wait, callback
        life.entry.end = here(life.entry.queue)
        life.over = True

    def start(queue: Any) -> Entry:
        entry = Entry(queue, here(queue))
        life.entries.append(entry)
        life.over = False
        return entry

    def finish(talk: Any, hold: Any) -> None:
        assert leg is not None
        if leg.held is not None:
            leg.hold += f.ms - leg.held
        leg.hold = seconds(hold, leg.hold)
        leg.talk = seconds(talk, f.ms - leg.start - leg.hold)
        leg.end, leg.place = f.ms, here(leg.queue, leg.agent)

    def tally(measure: str) -> None:
        if leg:
            life.counts.append((measure, here(leg.queue, leg.agent)))
        else:
            life.counts.append((measure, here(e.queue if e else None)))

    if kind == "created":
        life.counts.append(("created", here()))
        life.over = False
    elif kind == "queued":
        queue = unicodedata.normalize("NFC", d["queue"])
        if life.waiting:
            assert e is not None
            if queue == e.queue:
                return
            close("flowed_out", max(0, f.ms - e.start.ms))
        elif leg:
            finish(None, None)
        start(queue)
    elif kind in ("offered", "missed"):
        measure = "rings" if kind == "offered" else "missed"
        place = here(e.queue if e else None, d["agent"])
        life.counts.append((measure, place))
        if kind == "missed" and d.get("cause") == "caller_left":
            life.counts.append(("rings_left", place))
    elif kind == "answered":
        if leg:
            leg.agent = d.get("agent") or leg.agent
            return
        if e is None or e.outcome == "answered":
            e = start(d.get("queue") or None)
        e.outcome, e.wait = "answered", seconds(d.get("wait_s"), f.ms - e.start.ms)
        e.end = here(e.queue, d.get("agent") or None)
        life.over = False
        life.legs.append(Leg(d.get("agent") or None, e.queue, f.ms))
    elif kind == "held":
        if leg and leg.held is None:
            leg.held = f.ms
    elif kind == "resumed":
        if leg and leg.held is not None:
            leg.hold += f.ms - leg.held
            leg.held = None
    elif kind == "flowed_out":
        if life.waiting:
            assert e is not None
            wait = seconds(d.get("wait_s"), f.ms - e.start.ms)
            close("flowed_out", wait, callback=d.get("to") == "callback")
    elif kind == "abandoned":
        phase = d.get("phase") or ("queue" if life.waiting else "ivr")
        if phase == "ivr":
            life.counts.append(("abandoned_ivr", here(e.queue if e else None)))
            life.over = True
        elif leg is None and not (e and e.outcome == "abandoned"):
            if e is None or e.outcome == "answered":
                e = start(d.get("queue") or None)
            close("abandoned", seconds(d.get("wait_s"), f.ms - e.start.ms))
    elif kind == "ended":
        if life.waiting:
            assert e is not None
            left = (d.get("by") or "customer") == "customer"
            close("abandoned" if left else "flowed_out", max(0, f.ms - e.start.ms))
        if leg:
            finish(d.get("talk_s"), d.get("hold_s"))
        elif life.legs:
            last = life.legs[-1]
            if d.get("hold_s") is not None or d.get("talk_s") is not None:
                last.hold = seconds(d.get("hold_s"), last.hold)
                last.talk = seconds(d.get("talk_s"), last.talk)
        life.over = True
    elif kind == "wrapped":
        wrapped(life, d.get("agent") or None, d.get("wrap_s"), here)
    elif kind in ("message", "transferred", "solved", "reopened"):
        tally("messages" if kind == "message" else kind)
        life.over = {"solved": True, "reopened": False}.get(kind, life.over)
    elif kind == "merged" or (
        kind == "status" and d["to"] in ("solved", "closed", "deleted", "spam")
    ):
        life.over = True


def wrapped(life: Life, agent: Any, wrap_s: Any, here: Any) -> None:
    """Gives wrap-up to the leg that it belongs to."""
    done = [leg for leg in life.legs if leg.end is not None]
    mine = [leg for leg in done if agent in (None, leg.agent)]
    if not mine and len(life.legs) == 1:
        mine = done
    if mine:
        leg = mine[-1]
        assert leg.end is not None
        place = here(leg.queue, leg.agent)
        leg.wrap += seconds(wrap_s, place.ms - leg.end)
        leg.place = place
    elif life.leg:
        life.leg.wrap += seconds(wrap_s, 0)


def bookings(life: Life) -> list[Booking]:  # noqa: C901
    """Returns what one contact books."""
    out: list[Booking] = []

    def book(place: Place, **values: int) -> None:
        out.extend(
            (m, v, place.ms, place.channel, place.queue, place.agent) for m, v in values.items()
        )

    for measure, place in life.counts:
        book(place, **{measure: 1})
    for e in life.entries:
        book(e.start, offered=1)
        if e.end is None:
            continue
        within = int(e.wait <= X_MS.get(e.end.channel, 3_600_000))
        if e.outcome == "answered":
            book(
                e.end, answered=1, answered_within=within, wait_ms=e.wait,
                answered_by_nobody=int(e.end.agent is None),
            )  # fmt: skip
        elif e.outcome == "abandoned":
            book(
                e.end, abandoned=1, abandoned_within=within, short_abandoned=int(e.wait <= 5000),
                wait_abandoned_ms=e.wait,
            )  # fmt: skip
        else:
            book(
                e.end, flowed_out=1, wait_flowed_out_ms=e.wait,
                callback_within=int(e.callback and within),
            )  # fmt: skip
    for leg in life.legs:
        if leg.place:
            book(
                leg.place, handled=1, talk_ms=leg.talk, hold_ms=leg.hold, wrap_ms=leg.wrap,
                handled_by_nobody=int(leg.place.agent is None),
            )  # fmt: skip
    return out


def cells(  # noqa: C901  # loops in loops, on purpose
    raws: list[bytes], zone: str, *, channel: str = "voice", horizon: int = 24 * HOUR
) -> Cells:
    """Returns the sums by (bucket, segment): 10 s, quarter hours, local days; zeros left out."""
    by_subject: dict[str, list[bytes]] = {}
    for raw in raws:
        by_subject.setdefault(json.loads(raw)["subject"], []).append(raw)
    info = zoneinfo.ZoneInfo(zone)
    out: Cells = ({}, {}, {})
    for facts in by_subject.values():
        for life in lives_of(facts, channel, horizon):
            for measure, value, ms, chan, queue, agent in bookings(life):
                day = dt.datetime.fromtimestamp(ms // 1000, info).date().toordinal()
                fine = ["site", f"channel:{chan}"] + ([f"queue:{queue}"] if queue else [])
                coarse = fine + ([f"agent:{agent}"] if agent else [])
                for res, bucket, segments in (
                    (0, ms // 10_000, fine),
                    (1, ms // 900_000, coarse),
                    (2, day, coarse),
                ):
                    for segment in segments:
                        out[res].setdefault((bucket, segment), Counter())[measure] += value
    for store in out:
        for key in list(store):
            store[key] = Counter({m: n for m, n in store[key].items() if n})
            if not store[key]:
                del store[key]
    return out
