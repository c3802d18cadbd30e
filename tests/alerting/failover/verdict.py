"""What must be true of every run, whatever happened in it.

- Lost: an alert that fired, and stood for long, is known to somebody; whoever was told that an
  alert fires was told that it is over.
- Doubled: of one thing that happened, an address hears under one key only.
- At least once: what arrives twice has the same key, so the receiver knows.
- Left over: nothing waits in an outbox for ever, nothing is a dead letter.
- Events alternate; the auditor had nothing to say; what was silenced was not told, not even after
  Redis had been emptied.
- Emptied: each alert that was there, and still is, is announced at most once more, and marked.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator

from alerting.core.shapes import Severity
from alerting.deciding import MEMORY_LOST
from tests.alerting.failover.sender import Received
from tests.alerting.failover.world import Happened, World

LONG = 45
"""Steps: who is told within so long is told in time, among crashes of seconds."""
_OVER = frozenset({"resolve", "close"})
_BEGINS = frozenset({"fire", "reopen"})
_TELLS = frozenset({"fire", "worse", "reminder", "escalation"})
_NEWS = frozenset({"fire", "reopen", "escalate"})


def violations(world: World) -> list[str]:
    """Return what was wrong with a run, a sentence each."""
    return [
        *_alternation(world),
        *_unknown(world),
        *_never_ended(world),
        *_doubled(world),
        *_emptied(world),
        *world.wrong,
        *(f"silenced, but told: {one}" for one in world.quieted),
        *(f"the auditor: {one}" for one in world.complaints),
        *([f"left over: {world.left}"] if world.left else []),
        *(f"did not end: {key}" for key in world.firing),
    ]


def again(world: World) -> int:
    """Return how often something arrived that had arrived before, under the same key."""
    return sum(n - 1 for n in Counter(r.key for r in world.servers.received).values())


def _episodes(world: World) -> dict[str, list[Happened]]:
    found: dict[str, list[Happened]] = defaultdict(list)
    for one in world.events:
        found[one.event.episode].append(one)
    return found


def _told(world: World) -> dict[tuple[str, str], list[tuple[Received, bool, Severity]]]:
    """Return what each address heard of each episode, as begun: whether it is over, how bad."""
    found: dict[tuple[str, str], list[tuple[Received, bool, Severity]]] = defaultdict(list)
    for one in sorted(world.servers.received, key=lambda r: r.begun):
        for item in one.items:
            over = item.kind in _OVER or one.kind == "resolve"
            if over or one.kind in _TELLS:
                found[item.episode, one.address].append((one, over, item.severity))
    return found


def _alternation(world: World) -> Iterator[str]:
    for episode, happened in _episodes(world).items():
        there = False
        for one in happened:
            kind = one.event.kind
            if kind in _BEGINS and there:
                yield f"{episode} began twice"
            if kind in _OVER and not there:
                yield f"{episode} ended twice"
            there = (there or kind in _BEGINS) and kind not in _OVER


def _unknown(world: World) -> Iterator[str]:
    """Yield alerts that stood for long, and that nobody knew of."""
    told = _told(world)
    for episode, happened in _episodes(world).items():
        for i, one in enumerate(happened):
            taken_on = any(x.event.kind == "ack" for x in happened[:i])  # and so when it reopens
            if one.event.kind not in _BEGINS or taken_on:
                continue
            ends = [x.step for x in happened[i + 1 :] if x.event.kind in _OVER | {"ack", "snooze"}]
            end = min(ends, default=world.step)
            if end - one.step < LONG or _quiet_between(world, one, end):
                continue
            if one.memory != world.memory and end >= world.emptied_step:
                continue
            known = False
            for (name, _), heard in told.items():
                before = [over for r, over, _ in heard if r.step < end]
                known = known or (name == episode and bool(before) and not before[-1])
            if not known:
                yield f"{episode} stood for {end - one.step} steps, and nobody knew"


def _quiet_between(world: World, one: Happened, end: int) -> bool:
    start_ms, end_ms = (world.at_ms(step) for step in (one.step, end))
    key = one.event.key
    return any(
        q.from_ms < end_ms
        and q.until_ms > start_ms
        and key.rule in q.match.rules
        and key.segment in q.match.segments
        for q in world.quiet.values()
    )


def _never_ended(world: World) -> Iterator[str]:
    """Yield who was told that something fires, and never that it is over."""
    of = _episodes(world)
    for (episode, address), heard in _told(world).items():
        happened = of[episode]
        if not happened or happened[-1].memory != world.memory:
            continue
        if not heard[-1][1]:
            yield f"{address} was never told that {episode} is over"
        if (episode, address) not in world.intents:
            yield f"{address} was told that {episode} is over, and not that it fired"


def _doubled(world: World) -> Iterator[str]:
    """Yield who was told of one thing under two keys."""
    of = _episodes(world)
    for (episode, address), heard in _told(world).items():
        known: dict[int, dict[str, Severity]] = defaultdict(dict)
        for received, over, severity in heard:
            if over or received.kind not in {"fire", "worse"}:
                continue
            news = sum(x.event.kind in _NEWS and x.step <= received.step for x in of[episode])
            before = known[news]
            if received.key not in before and max(before.values(), default=0) >= severity:
                yield f"{address} was told twice of {episode}: {[*before, received.key]}"
            before[received.key] = severity


def _emptied(world: World) -> Iterator[str]:
    """Yield what an emptied Redis did wrong."""
    marked = Counter(h.event.key for h in world.events if h.event.note == MEMORY_LOST)
    if marked and (not world.memory or max(marked.values()) > 1):
        yield f"marked too often: {marked}"
    for key in world.lost:
        until = world.calmed.get(key, world.step)
        fires = [
            h
            for h in world.events
            if h.memory and h.event.key == key and h.event.kind == "fire" and h.step <= until
        ]
        if len(fires) > 1:
            yield f"{key} was announced {len(fires)} times"
        if not fires and until - world.emptied_step > LONG:
            yield f"{key} was never announced again"
        if fires and fires[0].event.note != MEMORY_LOST:
            yield f"{key} is announced without saying that memory was lost"
