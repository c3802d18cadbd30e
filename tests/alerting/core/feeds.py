"""Calls, folded and read as in production, one source, no servers."""

import json
from collections.abc import Mapping

from alerting.core.view import AlertBoard
from streams.core.buckets import Retention, Zone, iso
from streams.core.ledger import Ledger
from streams.core.policy import FoldPolicy, ReadingPolicy

START_MS = 1_772_532_000_000
"""2026-03-03 10:00 UTC, a Tuesday: the beginning of a quarter hour."""
SOURCE = "calls-0"


class Feed:
    """Calls and a board that reads them."""

    def __init__(self, reading: ReadingPolicy | None = None) -> None:
        fold = FoldPolicy(segments=(("channel",), ("queue",)))
        self.ledger = Ledger(fold, "voice")
        self.zone = Zone("UTC")
        self.board = AlertBoard(self.zone, reading or ReadingPolicy(), [SOURCE], Retention())
        self.board.load(SOURCE, self.ledger.everything())
        self._coming: list[tuple[int, bytes]] = []

    def call(
        self,
        contact: str,
        queue: str,
        at_ms: int,
        *,
        answered_ms: int | None = None,
        abandoned_ms: int | None = None,
    ) -> None:
        """Let somebody call."""
        self._add(contact, "queued", at_ms, {"queue": queue})
        if answered_ms is not None:
            self._add(contact, "answered", answered_ms, {"agent": "a1"})
            self._add(contact, "ended", answered_ms + 60_000, {})
        if abandoned_ms is not None:
            self._add(contact, "abandoned", abandoned_ms, {"phase": "queue"})

    def _add(self, contact: str, kind: str, at_ms: int, data: Mapping[str, str]) -> None:
        event = {
            "specversion": "1.0",
            "id": f"{contact}-{kind}",
            "source": "test",
            "type": f"contact.{kind}",
            "time": iso(at_ms),
            "subject": contact,
            "data": data,
        }
        self._coming.append((at_ms, json.dumps(event).encode()))

    def to(self, now_ms: int, *, age_ms: int = 0) -> None:
        """Take in everything up to an instant, and step there."""
        self._coming.sort()
        due = [value for at_ms, value in self._coming if at_ms <= now_ms]
        self._coming = self._coming[len(due) :]
        assert self.ledger.apply_all(due, now_ms) == []
        self.board.apply(SOURCE, self.ledger.take_changes().visible)
        self.board.mark(SOURCE, now_ms - age_ms, rebuilding=False)
        self.board.step(now_ms)
        self.age = age_ms

    # -- what a view says beside the board

    @property
    def now_ms(self) -> int:
        """Board time."""
        return self.board.now_ms

    def history(self, segment: str, kpi: str, at_ms: int) -> float | None:  # noqa: ARG002
        """Return that ten are usual."""
        return 10.0

    def age_ms(self, topic: str | None) -> int | None:  # noqa: ARG002
        """Return the age of the feed."""
        return self.age


class Plain(Feed):
    """A feed as a view that says nothing of changes."""

    def __init__(self, reading: ReadingPolicy | None = None) -> None:
        super().__init__(reading)
        self.read, self.segments = self.board.read, self.board.segments
        self.histogram, self.beyond = self.board.histogram, self.board.beyond


class Tracking(Plain):
    """One that does."""

    def __init__(self, reading: ReadingPolicy | None = None) -> None:
        super().__init__(reading)
        self.moved = self.board.moved
