"""One group of alerts: what waits to be told, who has been told how far, and when it goes on.

Theory of operation. A member is *active* while it is open, nobody has taken it on, and nothing
mutes it. What of the active members waits is told at `flush_ms`, together with what is over. While
anything active has been told, exactly one of two timers runs: `step_ms`, until the chain has been
told to its end, then `repeat_ms`. All timers follow from members (`_settle`), so nothing can be
open without a next step; `audit` proves that of what is stored.

              critical while none told is        another critical, or       else, later:
              open and untaken: at once          first of all: group_wait   group_interval
    waiting ─────────────────────────────────────────────────────────────────────▶ told
       │ over before anybody was told                                               │ over
       ▼                                                                            ▼
    forgotten                                  all over: at once; else as above  resolve ▶ gone
"""

from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple

import msgspec

from alerting.core import machine
from alerting.core.quiet import Routed, Suppression
from alerting.core.routes import Route, is_channel
from alerting.core.shapes import Event, Instance, Key, Severity
from alerting.core.telling import TOLD, Group, Member, Next, Notice, NoticeKind, coming_next

OVER: Final = frozenset({"resolve", "close"})
_OPEN: Final = frozenset({"fire", "worse", "reminder", "escalation"})
_NONE: Final = Severity.NONE
_CRITICAL: Final = Severity.CRITICAL
_replace = msgspec.structs.replace


class Pace(NamedTuple):
    """How fast a group is told, in ms."""

    wait_ms: int
    interval_ms: int
    repeat_ms: int
    digest_ms: int | None

    @classmethod
    def of(cls, route: Route | None) -> "Pace":
        """Returns the pace of a route; of one that is no longer in the files: the usual one."""
        said = route or Route()
        return cls(said.group_wait, said.group_interval, said.repeat, said.digest)


class Now(NamedTuple):
    """What is the same for all groups of a step."""

    clock_ms: int
    instances: Mapping[Key, Instance]
    suppression: Suppression
    routed: Routed

    def mutes(self, member: Member, instance: Instance) -> bool:
        """Returns whether nobody is to be told of a member.

        What got better than anybody is told of goes on in its group, for its end to be told.
        """
        better = member.event.kind == "deescalate"
        return self.suppression.mutes(member.key, instance) or (
            better and not self.routed(member.key, instance.severity)
        )

    def instance(self, episode: str, member: Member) -> Instance | None:
        """Returns the instance of an open member; `None` = it is there no longer."""
        found = self.instances.get(member.key)
        return found if found and found.episode == episode and machine.ongoing(found) else None


class Gathering:
    """A group during one step."""

    def __init__(self, group: Group, pace: Pace, now: Now) -> None:
        self._group, self._pace, self._now = group, pace, now
        self.members = dict(group.members)
        self.notices: list[Notice] = []
        self._n, self._step = group.n, group.step
        self._flush_ms, self._step_ms = group.flush_ms, group.step_ms
        self._repeat_ms, self._told_ms = group.repeat_ms, group.told_ms

    @property
    def group(self) -> Group | None:
        """What there is to remember; `None` = it has ended."""
        if not self.members:
            return None
        return _replace(
            self._group,
            members=self.members,
            n=self._n,
            step=self._step,
            flush_ms=self._flush_ms,
            step_ms=self._step_ms,
            repeat_ms=self._repeat_ms,
            told_ms=self._told_ms,
        )

    # -- what happened

    def take(self, event: Event, before: Iterable[Member] = ()) -> None:
        """Takes in that an alert fired, changed its severity, or ended.

        Args:
            event: What happened.
            before: What it was in its groups until now.
        """
        known = list(before)
        member = self.members.get(event.episode) or _moved(event, known)
        owed = member.owed or any(m.owed or m.told is not _NONE for m in known)
        over = event.kind in OVER
        told = member.told if over else min(member.told, event.severity)
        waiting = over or event.severity > told or (member.waiting and not member.over)
        self.members[event.episode] = _replace(
            member, event=event, over=over, told=told, waiting=waiting, owed=owed
        )

    def leave(self, episode: str) -> None:
        """Forgets an alert that is told elsewhere from now on."""
        del self.members[episode]

    def tell(self, kind: NoticeKind, event: Event) -> None:
        """Tells everybody who knows of an alert that somebody took it on, or gave it up."""
        self._tell(kind, (TOLD,), (event,))

    # -- what is due

    def advance(self) -> None:
        """Tells what is due, and sets the timers."""
        self._look()
        self._settle()
        clock_ms = self._now.clock_ms
        if self._flush_ms is not None and self._flush_ms <= clock_ms:
            self._flush()
            self._settle()
        if self._step_ms is not None and self._step_ms <= clock_ms:
            self._escalate()
        elif self._repeat_ms is not None and self._repeat_ms <= clock_ms:
            self._remind()

    def _look(self) -> None:
        """Sees what is muted now: what no longer is must be told, or told again."""
        for episode, member in self.members.items():
            if member.over:
                continue
            instance = self._now.instance(episode, member)
            if instance is None:
                self.members[episode] = _lost(episode, member, self._now)
                continue
            muted = self._now.mutes(member, instance)
            if muted != member.muted:
                waiting = member.waiting or not muted
                self.members[episode] = _replace(member, muted=muted, waiting=waiting)

    def _settle(self) -> None:
        """Sets the timers to what members ask for."""
        for episode, member in list(self.members.items()):
            if member.over and member.told is _NONE and not member.owed:
                del self.members[episode]
        waiting = self._active(told=False)
        if not waiting and not any(m.over for m in self.members.values()):
            self._flush_ms = None
        else:
            due_ms = self._due_ms(waiting)
            self._flush_ms = due_ms if self._flush_ms is None else min(self._flush_ms, due_ms)
        self._go_on(under_way=bool(self._active(told=True)))

    def _go_on(self, *, under_way: bool) -> None:
        """Sets when the chain goes on, or its last step is told again."""
        if under_way:
            self._step = max(1, self._step)  # told elsewhere, when it was worse
        last = self._step >= len(self._group.chain)
        clock_ms = self._now.clock_ms
        if not under_way or last:
            self._step_ms = None
        elif self._step_ms is None:
            self._step_ms = clock_ms + self._group.chain[self._step]["after_ms"]
        if not under_way or not last:
            self._repeat_ms = None
        elif self._repeat_ms is None:
            self._repeat_ms = clock_ms + self._pace.repeat_ms

    def _due_ms(self, waiting: Iterable[Member]) -> int:
        """Returns when what waits is told at the latest.

        What is critical waits only for more of it, while a critical alert has been told that nobody
        has taken on: people may look already, at something else.
        """
        clock_ms, pace, told_ms = self._now.clock_ms, self._pace, self._told_ms
        if pace.digest_ms is not None:
            next_ms = clock_ms if told_ms is None else told_ms + pace.digest_ms
            return next_ms if next_ms > clock_ms else clock_ms + pace.digest_ms
        if all(m.over for m in self.members.values()):
            return clock_ms
        first_ms = clock_ms + pace.wait_ms
        if any(m.event.severity is _CRITICAL for m in waiting):
            looked_at = any(m.told is _CRITICAL for m in self._active(told=True))
            return first_ms if looked_at else clock_ms
        return first_ms if told_ms is None else max(first_ms, told_ms + pace.interval_ms)

    def _active(self, *, told: bool) -> list[Member]:
        """Returns the members that somebody must do something about, worst and oldest first."""
        found = []
        for episode, member in self.members.items():
            if member.over or member.muted or told is member.waiting:
                continue
            instance = self._now.instance(episode, member)
            if instance is not None and instance.ack is None:
                found.append(member)
        return found

    # -- what is told

    def _flush(self) -> None:
        """Tells everything that waits."""
        waiting = self._active(told=False)
        ends = [m.event for m in self.members.values() if m.over]
        news = [m for m in waiting if m.event.severity > m.told]
        again = [m for m in waiting if m.event.severity <= m.told]
        new = any(m.told is _NONE for m in news)
        if new and not self._active(told=True):
            self._step, self._step_ms = 0, None  # what was under way is taken on: begin anew
        if waiting and self._step == 0:
            self._step, self._step_ms = 1, None
        for member in waiting:
            episode, told = member.event.episode, max(member.told, member.event.severity)
            self.members[episode] = _replace(member, told=told, waiting=False)
        for event in ends:
            del self.members[event.episode]
        self._flush_ms, self._told_ms = None, self._now.clock_ms
        self._settle()
        reached = self._reached()
        if news:
            kind: Literal["fire", "worse"] = "fire" if new else "worse"
            self._tell(kind, reached, (m.event for m in news))
        if again:
            self._tell("reminder", reached, self._fresh(again))
        if ends:
            self._tell("resolve", (TOLD,), ends)

    def _escalate(self) -> None:
        """Tells the next ones of the chain."""
        told = self._active(told=True)
        to = self._group.chain[self._step]["notify"]
        self._step, self._step_ms, self._told_ms = self._step + 1, None, self._now.clock_ms
        self._settle()
        self._tell("escalation", to, self._fresh(told))

    def _remind(self) -> None:
        """Tells the last ones of the chain again."""
        self._repeat_ms, self._told_ms = None, self._now.clock_ms
        self._settle()
        self._tell(
            "reminder", self._group.chain[-1]["notify"], self._fresh(self._active(told=True))
        )

    def _reached(self) -> list[str]:
        """Returns everybody whom the chain has reached."""
        steps = self._group.chain[: max(1, self._step)]
        return list(dict.fromkeys(to for step in steps for to in step["notify"]))

    def _fresh(self, members: Iterable[Member]) -> list[Event]:
        """Returns events with the numbers of now: what happened may be an hour ago."""
        found = []
        for member in members:
            instance = self._now.instance(member.event.episode, member)
            assert instance is not None
            found.append(_replace(member.event, facts=instance.facts))
        return found

    def _tell(self, kind: NoticeKind, to: Iterable[str], items: Iterable[Event]) -> None:
        events = sorted(items, key=lambda e: (-e.severity, e.clock_ms, e.episode))
        then, now_ms = None, self._now.clock_ms
        if kind in _OPEN and self.group and (coming := coming_next(self.group)):
            who = _ways(coming.to, events[0].severity)
            then = Next(to=who, at_ms=max(now_ms, coming.at_ms))
        group = self._group
        self.notices.append(
            Notice(
                id=f"{group.id}|{group.born_ms}|{self._n}",
                group=group.id,
                kind=kind,
                to=_ways(to, events[0].severity),
                items=tuple(events),
                step=max(0, self._step - 1),
                then=then,
                clock_ms=now_ms,
            )
        )
        self._n += 1


def _moved(event: Event, before: list[Member]) -> Member:
    """Returns an alert as it comes into a group, with what people know of it already."""
    return Member(
        key=event.key,
        event=event,
        told=max((m.told for m in before), default=_NONE),
        waiting=any(m.waiting and not m.over for m in before),
        muted=any(m.muted for m in before),
    )


def _ways(to: Iterable[str], worst: Severity) -> tuple[str, ...]:
    """Returns who is told with how: what is critical goes to pages, unless a route says more."""
    via = "page" if worst is Severity.CRITICAL else "mail"
    return tuple(
        one if "/" in one or one == TOLD or is_channel(one) else f"{one}/{via}" for one in to
    )


def _lost(episode: str, member: Member, now: Now) -> Member:
    """Returns a member whose end nobody told us: its instance says that it is over."""
    instance = now.instances.get(member.key)
    known = instance is not None and instance.episode == episode
    reason = instance.reason if instance is not None and known and instance.reason else "unknown"
    kind: Literal["resolve", "close"] = "resolve" if reason == "clear" else "close"
    event = _replace(member.event, kind=kind, reason=reason, clock_ms=now.clock_ms)
    return _replace(member, event=event, over=True, waiting=True)
