"""What a ledger hands over, and what a reader takes in: plain data with absolute values.

`Changes` is one commit. Its first half (`Visible`) is stored and published to the readers; its
second half, the facts of the contacts, is stored only. Absolute values make a retry and a repeated
message harmless.
"""

from typing import Final, NamedTuple

import msgspec

from streams.core.agents.tail import Tail
from streams.core.revised import Bits, Block
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
    edge_ms: int = 0
    """Agents' steps up to here are in the cells: the greatest of min(event time, append time)."""
    levels: dict[str, dict[int, int]] = {}
    """segment → label → how many agents hold it at the edge; absolute: an empty dict = none."""
    tails: dict[str, Tail | None] = {}
    """agent → what holds from the edge on; `None` = nothing."""
    revised: dict[Block, Bits] = {}
    """What was changed late; absolute by block: an empty dict = the block is gone."""


class Facts(msgspec.Struct):
    """What changed in the facts; a fact is the record's value as received.

    Keys are contacts, and what `AgentBook.take_facts` makes of agents: theirs begin with a zero
    byte. So a contact that does is kept under one zero byte more (`key_of`).
    """

    added: dict[str, list[bytes]]
    """key → facts to append to those stored."""
    replaced: dict[str, list[bytes]]
    """key → the facts that stand instead of those stored."""
    gone: list[str]
    """Keys under which nothing is kept any more."""


class Changes(msgspec.Struct):
    """What one commit stores."""

    visible: Visible
    facts: Facts


def key_of(contact: str) -> str:
    """Returns the key under which a contact's facts are stored."""
    return f"\0{contact}" if contact.startswith("\0") else contact


def contact_of(key: str) -> str:
    """Returns the contact whose facts are stored under a key."""
    return key.removeprefix("\0")


def nothing(top_ms: int) -> Visible:
    """Returns a `Visible` without any change."""
    return Visible(({}, {}, {}), ([], [], []), {}, [], top_ms)
