"""Agents at work for benchmarks: plans and states, deterministic, in the order in which they come.

Every agent works every day: 200 changes of state from logging in to logging out. Contacts ring,
are served and wrapped up; a break, a lunch and another break lie between them, a little beside the
plan. The late morning is busiest: then 5,000 agents change their state some 55 times a second.
One state in a hundred comes late, a few come twice. Plans are known a week ahead.

`python -m tests.benchmarks.agents_load AGENTS DAY END SEED` writes what is sent, a record a line.
"""

import heapq
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
TEAMS: Final = 50
SITES: Final = 3
QUEUES: Final = 40
CONTACTS: Final = 48
CHANGES: Final = 200
"""Of an agent and day: four a contact, two a break, logging in and out."""
SHIFT_MS: Final = 8 * HOUR_MS + 30 * MINUTE_MS
BREAKS: Final = ((2.0, 15, "break"), (4.0, 45, "lunch"), (6.75, 15, "break"))
"""Hours after the begin of the shift, minutes, what for."""
BUSY: Final = {8: 0.7, 9: 1.0, 10: 1.65, 11: 1.65, 15: 0.8, 16: 0.7, 17: 0.5}
"""Hour of the day → how much comes then; 1 in all others."""
BUSIEST_HOUR: Final = 11
PLANNED_DAYS: Final = 7
LATE, TWICE = 0.01, 0.002
LATE_MS: Final = 2 * MINUTE_MS
CONTACT_MS: Final = 6 * MINUTE_MS
"""No contact lasts longer, wrap-up included."""


class Start(NamedTuple):
    """The first day; days of 24 h follow."""

    ms: int
    """Its midnight."""
    date: date


FIRST: Final = Start(1_740_960_000_000, date(2025, 3, 3))


class Sent(NamedTuple):
    """An event and when it is appended to the log."""

    at_ms: int
    key: bytes
    value: bytes


class Agent(NamedTuple):
    """Who he is, and when his shift begins."""

    name: str
    team: str
    site: str
    queues: tuple[str, str]
    begin_ms: int
    """Since midnight."""


def _agent(number: int, seed: int, team: int) -> Agent:
    rng = random.Random(f"{seed}/{number}")
    first = rng.randrange(QUEUES)
    queues = f"queue-{first:02d}", f"queue-{(first + 1 + rng.randrange(QUEUES - 1)) % QUEUES:02d}"
    begin_ms = 8 * HOUR_MS + 5 * MINUTE_MS * rng.randrange(13)
    return Agent(f"a{number:05d}", f"team-{team:02d}", f"site-{team % SITES}", queues, begin_ms)


def people(agents: int, seed: int = 1, teams: int = TEAMS) -> list[Agent]:
    """Return so many agents."""
    return [_agent(number, seed, number % teams) for number in range(agents)]


def events(
    staff: Sequence[Agent], days: range, seed: int = 1, start: Start = FIRST
) -> Iterator[Sent]:
    """Yield what is sent on these days; before the first one's states the plans of a week."""
    for day in days:
        midnight = start.ms + day * DAY_MS
        known = day + PLANNED_DAYS
        for planned in range(day if day == days.start else known - 1, known):
            for who in staff:
                yield Sent(midnight, who.name.encode(), plan(who, planned, midnight, start=start))
        yield from heapq.merge(*(_sent(who, day, midnight, seed) for who in staff))


def until(sent: Iterator[Sent], end_ms: int) -> Iterator[Sent]:
    """Yield what is sent before an instant, and the first record after it."""
    for record in sent:
        yield record
        if record.at_ms >= end_ms:
            return


@contextmanager
def apart(agents: int, days: range, seed: int) -> Iterator[Iterator[Sent]]:
    """Give what `events` yields, made by a process of its own: its memory is nobody else's."""
    numbers = map(str, (agents, days.start, days.stop, seed))
    command = [sys.executable, "-m", "tests.benchmarks.agents_load", *numbers]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield map(_parse, process.stdout)
        finally:
            process.kill()


def _parse(line: bytes) -> Sent:
    at_ms, key, value = line.rstrip(b"\n").split(b" ", 2)
    return Sent(int(at_ms), key, value)


def plan(
    who: Agent, day: int, at_ms: int, revision: int = 1, late_ms: int = 0, start: Start = FIRST
) -> bytes:
    """Return an agent's plan of a day; `late_ms`: so much later than usual."""
    begin = start.ms + day * DAY_MS + who.begin_ms + late_ms
    spans = []
    at = begin
    for hours, minutes, name in BREAKS:
        pause = begin + int(hours * HOUR_MS)
        spans += [(at, pause, "work"), (pause, pause + minutes * MINUTE_MS, name)]
        at = pause + minutes * MINUTE_MS
    spans.append((at, begin + SHIFT_MS, "work"))
    activities = ",".join(
        f'{{"start":"{_iso(begins)}","end":"{_iso(ends)}","activity":"{name}",'
        f'"productive":{"true" if name == "work" else "false"}}}'
        for begins, ends, name in spans
    )
    day_name = (start.date + timedelta(days=day)).isoformat()
    return _event(
        "agent.schedule",
        who.name,
        f"{who.name}-{day_name}-{revision}",
        at_ms,
        f'{{"date":"{day_name}","revision":{revision},"team":"{who.team}","site":"{who.site}",'
        f'"activities":[{activities}]}}',
    )


def state(who: Agent, name: str, at_ms: int, state: str, reason: str = "") -> bytes:
    """Return a change of state."""
    more = f',"reason":"{reason}"' if reason else ""
    if state == "on_contact":
        more = f',"contacts":[{{"contact":"c-{name}","channel":"voice"}}]'
    return _event(
        "agent.state",
        who.name,
        name,
        at_ms,
        f'{{"state":"{state}","team":"{who.team}","site":"{who.site}",'
        f'"queues":["{who.queues[0]}","{who.queues[1]}"],"capacity":1{more}}}',
    )


def _sent(who: Agent, day: int, midnight: int, seed: int) -> list[Sent]:
    """Return an agent's states of a day in the order in which they come."""
    rng = random.Random(f"{seed}/{who.name}/{day}")
    key, found = who.name.encode(), []
    for number, (ms, what, reason) in enumerate(_changes(who, midnight, rng)):
        value = state(who, f"{who.name}-{day}-{number}", ms, what, reason)
        late = rng.randrange(LATE_MS) if rng.random() < LATE else rng.randrange(50, 400)
        found.append(Sent(ms + late, key, value))
        if rng.random() < TWICE:
            found.append(Sent(ms + late + rng.randrange(LATE_MS), key, value))
    return sorted(found)


def _changes(who: Agent, midnight: int, rng: random.Random) -> Iterator[tuple[int, str, str]]:
    """Yield (time, state, reason) in order of time."""
    work = list(_work(midnight + who.begin_ms, rng))
    yield work[0][0], "available", ""
    contacts = _contacts(work, midnight, rng)
    for i, (start, end) in enumerate(work):
        if i:
            yield start, "available", ""
        own = [at for at in contacts if start <= at < end]
        for at, following in zip(own, [*own[1:], end], strict=True):
            length = min(following - at, CONTACT_MS)
            yield at, "ringing", ""
            yield at + length // 10, "on_contact", ""
            yield at + length * 7 // 10, "wrap_up", ""
            yield at + length * 9 // 10, "available", ""
        if i < len(BREAKS):
            yield end, "paused", BREAKS[i][2]
        else:
            yield end, "offline", ""


def _work(begin: int, rng: random.Random) -> Iterator[tuple[int, int]]:
    """Yield the stretches between logging in, breaks and logging out; minutes beside the plan."""
    at = begin + int(rng.gauss(0, 3) * MINUTE_MS)
    for hours, minutes, _ in BREAKS:
        end = begin + int(hours * HOUR_MS + rng.gauss(0, 4) * MINUTE_MS)
        yield at, end
        at = end + int(max(5, rng.gauss(minutes, 3)) * MINUTE_MS)
    yield at, begin + SHIFT_MS + int(rng.gauss(0, 3) * MINUTE_MS)


def _contacts(work: list[tuple[int, int]], midnight: int, rng: random.Random) -> list[int]:
    """Return when contacts begin: more of them in busy hours."""
    slots = [
        (at, min(at + MINUTE_MS, end)) for start, end in work for at in range(start, end, MINUTE_MS)
    ]
    weights = [(to - at) * BUSY.get((at - midnight) // HOUR_MS, 1.0) for at, to in slots]
    each = sum(weights) / CONTACTS
    found: list[int] = []
    passed = 0.0
    wanted = each * rng.uniform(0.2, 0.8)
    for (at, to), weight in zip(slots, weights, strict=True):
        while len(found) < CONTACTS and wanted < passed + weight:
            found.append(at + int((wanted - passed) / weight * (to - at)))
            wanted = each * (len(found) + rng.uniform(0.2, 0.8))
        passed += weight
    return found


def _iso(ms: int) -> str:
    moment = EPOCH + timedelta(milliseconds=ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _event(kind: str, subject: str, name: str, ms: int, data: str) -> bytes:
    return (
        f'{{"specversion":"1.0","type":"{kind}","source":"/pouls/benchmark/agents",'
        f'"subject":"{subject}","id":"{name}","time":"{_iso(ms)}",'
        f'"datacontenttype":"application/json","data":{data}}}'
    ).encode()


def main() -> None:
    """Write what is sent to standard output."""
    agents, first, last, seed = map(int, sys.argv[1:])
    for record in events(people(agents, seed), range(first, last), seed):
        sys.stdout.buffer.write(b"%d %b %b\n" % record)


if __name__ == "__main__":
    main()
