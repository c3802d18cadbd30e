"""A fold that is small enough to be obvious: what the store carries in its tests.

A record names a contact, a bucket and a value. The state is a pure function of a log's beginning,
so that whatever lies in Redis can be held against a fold from scratch.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from streams.core.buckets import DAY, FINE, QUARTER
from streams.core.changes import Changes, Facts, LiveKey, Visible
from streams.core.tally import EMPTY, Cell, merge

RETAIN = 4
"""Fine buckets that are kept behind the newest one; contacts are kept as long."""
Cells = dict[tuple[int, str], Cell]


class Record(NamedTuple):
    """One event."""

    contact: str
    bucket: int
    value: int

    def fact(self) -> bytes:
        """The record's value as received."""
        return f'{{"c":"{self.contact}","b":{self.bucket},"v":{self.value}}}'.encode()


@dataclass
class Log:
    """One partition."""

    entries: list[tuple[Record | None, int]] = field(default_factory=list)
    """(record, append time in µs); None is a transaction marker."""
    begin: int = 0

    @property
    def end(self) -> int:
        """The offset that the next record will get."""
        return len(self.entries)

    def append(self, record: Record | None, at_us: int = 1_000_000) -> None:
        """Append a record, or a marker."""
        self.entries.append((record, at_us))


@dataclass
class State:
    """The fold of one source."""

    mult: int = 1
    """Stands for a setting that changes cells."""
    top: int = -1
    cells: tuple[Cells, Cells, Cells] = field(default_factory=lambda: ({}, {}, {}))
    facts: dict[str, list[bytes]] = field(default_factory=dict)
    segments: list[str] = field(default_factory=list)

    def apply(self, record: Record) -> None:
        """Fold one record."""
        contact, bucket, value = record
        if bucket > self.top:
            self.top = bucket
            self._forget()
        if bucket < self.top - RETAIN:
            return
        amount = Cell(value * self.mult, {value: 1})
        for segment in ("site", f"queue:{int(contact, 36) % 3}"):
            if segment not in self.segments:
                self.segments.append(segment)
            for resolution, size in ((FINE, 1), (QUARTER, 3), (DAY, 9)):
                key = (bucket // size, segment)
                mine = self.cells[resolution]
                mine[key] = merge(mine.get(key, EMPTY), amount)
        held = self.facts.get(contact, [])
        self.facts[contact] = sorted([*held, record.fact()])

    def copy(self) -> "State":
        """Return a state that goes its own way."""
        fine, quarter, day = (dict(cells) for cells in self.cells)
        segments = list(self.segments)
        return State(self.mult, self.top, (fine, quarter, day), dict(self.facts), segments)

    def _forget(self) -> None:
        """Drop what the source's own time has passed."""
        oldest = self.top - RETAIN
        for key in [key for key in self.cells[FINE] if key[0] < oldest]:
            del self.cells[FINE][key]
        last = {c: max(_bucket(fact) for fact in facts) for c, facts in self.facts.items()}
        for contact in [c for c, bucket in last.items() if bucket < oldest]:
            del self.facts[contact]

    def live(self) -> dict[str, dict[LiveKey, int]]:
        """What is published of the contacts whose number of facts is odd."""
        out: dict[str, dict[LiveKey, int]] = {}
        for contact, facts in self.facts.items():
            if len(facts) % 2:
                counts = out.setdefault(f"queue:{int(contact, 36) % 3}", {})
                key = LiveKey(0, _bucket(facts[-1]), 9, 9)
                counts[key] = counts.get(key, 0) + 1
        return out

    def visible(self) -> Visible:
        """Everything that a reader sees."""
        fine, quarter, day = (dict(cells) for cells in self.cells)
        none: tuple[list[tuple[int, str]], ...] = ([], [], [])
        return Visible((fine, quarter, day), none, self.live(), sorted(self.segments), self.top + 1)  # type: ignore[arg-type]


def _bucket(fact: bytes) -> int:
    return int(fact.split(b'"b":')[1].split(b",")[0])


def fold(log: Log, offset: int, gap: str, mult: int) -> State:
    """Return the state after everything up to an offset, except what was lost."""
    lost = [range(*map(int, part.split("-"))) for part in gap.split(",") if part]
    state = State(mult)
    for i, (record, _) in enumerate(log.entries[: offset + 1]):
        if record is not None and not any(i in part for part in lost):
            state.apply(record)
    return state


def diff(old: State, new: State) -> Changes:
    """Return what a ledger would hand over between two states."""
    changed = tuple(
        {k: cell for k, cell in b.items() if a.get(k) != cell}
        for a, b in zip(old.cells, new.cells, strict=True)
    )
    gone = tuple([k for k in a if k not in b] for a, b in zip(old.cells, new.cells, strict=True))
    before, after = old.live(), new.live()
    live = {s: after.get(s, {}) for s in {*before, *after} if before.get(s) != after.get(s)}
    fresh = [s for s in new.segments if s not in old.segments]
    return Changes(
        Visible(changed, gone, live, fresh, new.top + 1),  # type: ignore[arg-type]
        _facts(old.facts, new.facts),
    )


def _facts(old: dict[str, list[bytes]], new: dict[str, list[bytes]]) -> Facts:
    facts = Facts({}, {}, [c for c in old if c not in new])
    for contact, raws in new.items():
        held = old.get(contact, [])
        if raws[: len(held)] != held:
            facts.replaced[contact] = raws
        elif len(raws) > len(held):
            facts.added[contact] = raws[len(held) :]
    return facts
