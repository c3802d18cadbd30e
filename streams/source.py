"""One source in this worker: its ledger, and what is folded but not stored yet."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from faust.types import TP

from streams.chunks import Chunk, Position, Proof, Record
from streams.core.events import MAX_EVENT_BYTES
from streams.core.ledger import Ledger
from streams.deadletters import MAX_LETTER_BYTES, Letter
from streams.store import Commit, Owner, Verdict

COMMIT_RECORDS: Final = 40_000
"""So many folded records are committed without waiting for the interval. Larger commits touch fewer
cells a record, and take more memory."""
MOST_UNCOMMITTED: Final = 80_000
"""Folding stops here until a commit has been answered."""
MOST_LETTER_BYTES: Final = 16 * 2**20
"""Likewise for dead letters that the broker has not acknowledged."""


class Source:
    """Folds the chunks of one partition; offers one commit at a time."""

    def __init__(self, tp: TP, ledger: Ledger, owner: Owner) -> None:
        self.tp, self.ledger, self.owner = tp, ledger, owner
        self.ours = True
        """False once the partition was revoked, or the store has refused us."""
        self.folding = True
        """False from when only what is folded already is to be stored."""
        self.due = asyncio.Event()
        """Set when a commit is due before its time."""
        self.room = asyncio.Event()
        """Set while more may be folded."""
        self.room.set()
        self.settled = asyncio.Event()
        """Set while everything folded is stored."""
        self.settled.set()
        self.end = 0
        """Where the log ended when the broker was asked last."""
        self._seen, self._stalled = -1, 0
        self._folded = 0  # records that are in no commit yet
        self._in_flight = 0  # records of the commit that waits for its answer
        self._letters: list[Letter] = []
        self._letter_bytes = 0
        self._told: dict[str, int] = {}
        self._commit: Commit | None = None
        self._buried: list[Letter] = []  # letters of the commit in flight

    @property
    def name(self) -> str:
        """`calls-3`."""
        return self.owner.source

    @property
    def where(self) -> dict[str, object]:
        """What a log line says of it."""
        owner = self.owner
        places = {"folded": owner.folded, "stored": owner.stored}
        return {"source": owner.source, "epoch": owner.epoch, **places}

    @property
    def behind(self) -> bool:
        """Whether the log has at least another whole commit."""
        return self.end - self.owner.folded > COMMIT_RECORDS

    @property
    def uncommitted(self) -> int:
        """Records that are folded and not known to be stored."""
        return self._folded + self._in_flight

    # ---- folding

    def position(self, begin: int, *, prove: bool) -> Position:
        """Returns where to go on; with the proof, if the last folded record can still be read."""
        owner = self.owner
        readable = prove and owner.record >= begin
        proof = Proof(owner.record, owner.append_ms) if readable else None
        return Position(owner.folded + 1, proof)

    def takes(self, chunk: Chunk) -> bool:
        """True if a chunk follows what was folded before, and folding goes on."""
        return self.folding and chunk.prev == self.owner.folded

    def fold(self, chunk: Chunk) -> list[Letter]:
        """Folds a chunk that this source takes; returns the dead letters in it."""
        records, values, letters = _decodable(chunk)
        refused = self.ledger.apply_all(values, [record.timestamp for record in records])
        letters += [_letter(chunk.tp, records[no.index], no.kind, no.reason) for no in refused]
        if chunk.records:
            last = chunk.records[-1]
            self.owner.advance(chunk.offset, last.offset, last.timestamp)
        else:
            self.owner.advance(chunk.offset)
        self._take(len(chunk.records), letters)
        return letters

    def lose(self, begin: int) -> int:
        """Passes over what the log has lost below `begin`; returns how many offsets."""
        lost = begin - 1 - self.owner.folded
        self.owner.lost(begin)
        self._take(0, [])
        return lost

    def _take(self, records: int, letters: list[Letter]) -> None:
        self._folded += records
        self._letters += letters
        self._letter_bytes += sum(len(letter.value) for letter in letters)
        self.settled.clear()
        self._tell()

    def _tell(self) -> None:
        """Tells who waits whether a commit is due, and whether there is room for more."""
        if self._folded >= COMMIT_RECORDS or 2 * self._letter_bytes >= MOST_LETTER_BYTES:
            self.due.set()
        full = self.uncommitted >= MOST_UNCOMMITTED or self._letter_bytes >= MOST_LETTER_BYTES
        if full and self.ours:
            self.room.clear()
        else:
            self.room.set()

    def stalled(self, lag: int) -> int:
        """Returns for how many calls nothing was folded although the log has more."""
        moved = not lag or self._seen != self.owner.folded or not self.room.is_set()
        self._seen, self._stalled = self.owner.folded, 0 if moved else self._stalled + 1
        return self._stalled

    # ---- committing

    def commit(self) -> tuple[Commit, list[Letter]] | None:
        """Returns what to store and the letters to be acknowledged before; None = nothing new.

        The same again until `replied`, however much was folded since.
        """
        commit = self.owner.commit(self.ledger.take_changes)
        if commit is not self._commit:
            self._commit = commit
            self._in_flight, self._folded = self._folded, 0
            self._buried, self._letters = self._letters, []
        return None if commit is None else (commit, self._buried)

    def replied(self, commit: Commit, code: int) -> Verdict:
        """Takes the store's answer to a commit in."""
        verdict = self.owner.replied(commit, code)
        if verdict is Verdict.DONE:
            self._letter_bytes -= sum(len(letter.value) for letter in self._buried)
            self._commit, self._buried, self._in_flight = None, [], 0
            if self.owner.folded == self.owner.stored:
                self.settled.set()
            self._tell()
        return verdict

    def counted(self) -> dict[str, int]:
        """Returns what the ledger has counted since the last time."""
        now = dict(self.ledger.counts)
        more = {name: n - self._told.get(name, 0) for name, n in now.items()}
        self._told = now
        return {name: n for name, n in more.items() if n}

    def disown(self) -> None:
        """Ends the folding of this ledger, and lets go whoever waits for it."""
        self.ours = self.folding = False
        for event in (self.due, self.room, self.settled):
            event.set()


def _decodable(chunk: Chunk) -> tuple[Sequence[Record], list[bytes], list[Letter]]:
    """Returns the records that are worth a look, their values, and letters for the others."""
    values = [record.value for record in chunk.records]
    with suppress(TypeError):  # a tombstone: a chunk without any is not worth a second look
        if max(map(len, values), default=0) <= MAX_EVENT_BYTES:  # type: ignore[arg-type]
            return chunk.records, values, []  # type: ignore[return-value]
    fine, kept, letters = [], list[bytes](), []
    for record, value in zip(chunk.records, values, strict=True):
        if value is None:
            letters.append(_letter(chunk.tp, record, "tombstone", "the record has no value"))
        elif len(value) > MAX_EVENT_BYTES:
            letters.append(_letter(chunk.tp, record, "too_long", f"{len(value)} bytes"))
        else:
            fine.append(record)
            kept.append(value)
    return fine, kept, letters


def _letter(tp: TP, record: Record, reason: str, detail: str) -> Letter:
    return Letter(tp, record.offset, reason, detail, (record.value or b"")[:MAX_LETTER_BYTES])
