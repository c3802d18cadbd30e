"""What the alert store hands out and takes in, and how its keys are named.

All keys begin with `{pouls:alerts}:`, one hash tag, so that a script sees all of them on a cluster,
too. docs/decisions/alert-state.md has the list.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

import msgspec

from alerting.core.investigations import Investigation
from alerting.core.shapes import Event, Instance, Key, Severity
from alerting.core.telling import Group, Notice, Quiet

PREFIX: Final = "{pouls:alerts}:"
FEED: Final = f"{PREFIX}feed"
"""The channel on which what walls show is published."""
SENDERS: Final = "senders"
"""The consumer group of both outboxes."""
LEASE_MS: Final = 10_000
"""A leader that says nothing for so long is followed by another."""
IDLE_MS: Final = 30_000
"""What a sender took and has not dealt with for so long is taken by another."""
KEPT_MS: Final = 35 * 86_400_000
"""How long events, and who was told what, are kept."""
HELD: Final = ("instances", "groups", "quiet", "investigations")
"""The four hashes of the leader, in the order in which scripts see them."""
HASHES: Final = ("inst", "groups", "quiet", "inv")
"""How they are named in Redis."""


def key(name: str) -> str:
    """Returns the key of a name."""
    return PREFIX + name


def field(of: Key) -> str:
    """Returns the field of an instance; no rule's id has a `|`."""
    return f"{of.rule}|{of.segment}"


def parse_field(text: str) -> Key:
    """Returns whose instance a field holds."""
    return Key(*text.split("|", 1))


# -- the leader


class Lease(NamedTuple):
    """Who leads."""

    epoch: int | None
    """`None` = somebody else does."""
    clock_ms: int
    """Redis TIME."""


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """All that a leader goes on from, of one instant."""

    epoch: int
    seq: int = 0
    """Commits since this memory began."""
    at_ms: int = 0
    """Board time of the last commit."""
    clock_ms: int = 0
    """Redis TIME of the last commit."""
    acts: int = 0
    """The next offset of the topic `acts` to read."""
    born_ms: int = 0
    """When this memory began; 0 = it is empty."""
    noted: bool = False
    """Whether the topic `acts` says that a memory was begun: an empty one is then a lost one."""
    lost_ms: int | None = None
    """Of a memory after a lost one: Board time of its first fresh look, 0 before it."""
    instances: dict[Key, Instance] = {}
    groups: dict[str, Group] = {}
    quiet: dict[str, Quiet] = {}
    investigations: dict[str, Investigation] = {}


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """One tick, ready to be sent, and to be sent again as it is; of mappings, `None` = gone."""

    epoch: int
    seq: int
    """That must be stored before."""
    at_ms: int
    clock_ms: int
    acts: int
    born_ms: int
    noted: bool = False
    lost_ms: int | None = None
    instances: Mapping[Key, Instance | None] = {}
    groups: Mapping[str, Group | None] = {}
    quiet: Mapping[str, Quiet | None] = {}
    investigations: Mapping[str, Investigation | None] = {}
    events: tuple[Event, ...] = ()
    notices: tuple[Notice, ...] = ()
    outcomes: Mapping[str, str] = {}
    """Id of an act → why it was refused; empty = done."""
    shown: bytes | None = None
    """What walls show, where that has changed."""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """How the leader is; 0 = not yet."""

    epoch: int = 0
    seq: int = 0
    at_ms: int = 0
    clock_ms: int = 0
    acts: int = 0
    born_ms: int = 0
    beat_ms: int = 0
    """Redis TIME at which it last said that it lives."""


# -- senders


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A notice to one address."""

    notice: Notice
    address: str
    """Its id, `ana/page`, `channel:floor`: never the secret URL."""
    key: str = ""
    """What makes sending twice one: `NOTICE:ADDRESS` where nothing else is said."""
    attempt: int = 0
    first_ms: int
    """Redis TIME at which it was first to be sent."""
    thread: str = ""
    """What it belongs to, where it arrives: replies and threads of mail."""

    def __post_init__(self) -> None:
        """Makes the key."""
        if not self.key:
            msgspec.structs.force_setattr(self, "key", f"{self.notice.id}:{self.address}")


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """The last that somebody was told of an episode, or was about to be told."""

    kind: Literal["fire", "resolve"]
    severity: Severity
    """The worst they were told since it fires."""
    clock_ms: int
    key: str
    """Of the delivery."""
    reopened: int = 0
    """Of which firing of the episode they were told: so often it had fired again by then."""


class Begin(NamedTuple):
    """What is still to be told."""

    send: bool
    items: tuple[Event, ...]
    """Empty of announcements and tests."""


class Outbox(msgspec.Struct, frozen=True, kw_only=True):
    """How much waits to be told."""

    notices: int
    deliveries: int
    later: int
    """Deliveries that failed and are tried again."""
    dead: int
    oldest_ms: int | None
    """Redis TIME at which the oldest of the first two came; `None` = nothing waits."""


class Dead(msgspec.Struct, frozen=True, kw_only=True):
    """What could not be told."""

    id: str
    """Of the stream: when, in ms, before the dash."""
    delivery: Delivery | None
    """`None` = what was in the outbox was no delivery."""
