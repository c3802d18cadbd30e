"""Where the scripts run: a model of them in Python, or a real server. Both have one face.

The same calls must give the same answers, messages and contents. Time is given, not taken.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from streams.codec import take_hash
from streams.core.changes import Visible, nothing
from streams.store.shapes import FIELDS, Beat, Claimed, Commit, Head

START_US = 1_700_000_000_000_000
Arg = int | str | bytes


class Stored(NamedTuple):
    """Everything that is stored of a source."""

    head: Head
    visible: Visible
    facts: dict[str, list[bytes]]


class Backend(Protocol):
    """A Redis."""

    now_us: int
    """Redis' time."""

    def run(self, name: str, source: str, *args: Arg) -> Any:
        """Run a script."""

    def head(self, source: str) -> Head | None:
        """Read what is known of a source as a whole."""

    def read(self, source: str) -> Stored | None:
        """Read everything of one instant."""

    def feed(self) -> list[tuple[str, bytes]]:
        """Take the messages since the last time: (source, message)."""

    def snapshot(self) -> Any:
        """Remember everything."""

    def restore(self, snapshot: Any) -> None:
        """Go back, as a restart does that lost the end of the append-only file."""

    def flush(self) -> None:
        """Lose everything."""


def claim(backend: Backend, source: str, config: tuple[str, int], begin: int, end: int) -> Claimed:
    """Claim a source with settings (hash, config_since)."""
    return Claimed.of(source, backend.run("claim", source, *config, begin, end, *FIELDS))


def commit(backend: Backend, source: str, sent: Commit) -> int:
    """Commit."""
    return int(backend.run("commit", source, *sent.args()))


def beat(backend: Backend, source: str, sent: Beat) -> tuple[int, str] | None:
    """Beat."""
    return Beat.answer(backend.run("beat", source, *sent.args()))


def everything(
    head: Head, segments: set[bytes], hashes: Mapping[str, Mapping[bytes, bytes]]
) -> Visible:
    """Return what a reader sees, from what lies in the hashes."""
    visible = nothing(head.top_ms)
    visible.segments.extend(sorted(segment.decode() for segment in segments))
    for name in sorted(hashes):
        take_hash(visible, name, [x for pair in hashes[name].items() for x in pair])
    return visible
