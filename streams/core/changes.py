"""What a ledger hands over, and what a reader takes in: plain data with absolute values.

`Changes` is one commit. Its first half (`Visible`) is stored and published to the readers; its
second half, the facts of the contacts, is stored only. Absolute values make a retry and a repeated
message harmless.
"""

from typing import Final, NamedTuple

import msgspec

from streams.core.tally import Cell

WAITING: Final = 0
IN_PROGRESS: Final = 1


class LiveKey(NamedTuple):
    """Contacts that are alike for a reader of live values; seconds since 1970."""

    kind: int
    """`WAITING` or `IN_PROGRESS`."""
    since_s: int
    """When the wait or the leg began."""
    expiry_s: int
    """From here on the contact is orphaned: its last event + the channel's limit."""
    due_s: int
    """Waiting: since + answer target X, beyond which SL-now counts a miss. In progress: 0."""


class Visible(msgspec.Struct):
    """What readers see of a source. In a commit: what changed; in a snapshot: everything."""

    cells: tuple[
        dict[tuple[int, str], Cell], dict[tuple[int, str], Cell], dict[tuple[int, str], Cell]
    ]
    """Per resolution (fine, quarter, day): (bucket, segment) → absolute sums."""
    gone: tuple[list[tuple[int, str]], list[tuple[int, str]], list[tuple[int, str]]]
    """Per resolution: cells that have passed their retention (or are empty again)."""
    live: dict[str, dict[LiveKey, int]]
    """segment → how many contacts are alike; absolute: an empty dict = nobody left."""
    segments: list[str]
    """Names of segments that had never been seen before (in a snapshot: all)."""
    top_ms: int
    """The source's time: the greatest accepted event time."""


class Facts(msgspec.Struct):
    """What changed in the facts of the contacts; a fact is the record's value as received."""

    added: dict[str, list[bytes]]
    """contact → facts to append to those stored."""
    replaced: dict[str, list[bytes]]
    """contact → the facts that stand instead of those stored."""
    gone: list[str]
    """contacts that are no longer kept."""


class Changes(msgspec.Struct):
    """What one commit stores."""

    visible: Visible
    facts: Facts


def nothing(top_ms: int) -> Visible:
    """Returns a `Visible` without any change."""
    return Visible(({}, {}, {}), ([], [], []), {}, [], top_ms)
