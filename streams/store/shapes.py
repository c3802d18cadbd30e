"""What the store's parts hand to each other, and how the keys are named.

    pouls:2:{calls-0}                  hash: `Head`
    pouls:2:{calls-0}:BUILD:fine       hash: `BUCKET|SEGMENT` → cell
    pouls:2:{calls-0}:BUILD:quarter:N  hash a quarter hour: segment → cell
    pouls:2:{calls-0}:BUILD:day:N      hash a local day: segment → cell
    pouls:2:{calls-0}:BUILD:live       hash: segment → contacts that wait or are served
    pouls:2:{calls-0}:BUILD:revised    hash: `RESOLUTION|BLOCK|SEGMENT` → what was changed late
    pouls:2:{calls-0}:BUILD:hashes     set: which of the hashes above exist
    pouls:2:{calls-0}:BUILD:segments   set: the names of all segments ever seen
    pouls:2:{calls-0}:BUILD:contacts   hash: contact → its facts
    pouls:2:{calls-0}:feed             channel: commits and beats

Fine cells, live values and marks are always read whole; quarter hours and days are read by bucket.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Self

import msgspec

from streams.core.errors import PoulsError

SCHEMA: Final = 2
"""Version of the keys and of what lies under them."""
FIELDS: Final = (
    "epoch", "version", "offset", "record", "append", "top", "hash", "since", "build", "until",
    "gap", "as_of",
)  # fmt: skip
"""The fields of a head, in the order of `Head`."""


class StoreAway(PoulsError):
    """Redis did not answer, or cannot take writes now: try again."""


class SettingsOlder(PoulsError):
    """Other settings with a later `config_since` have folded this source: the worker must stop."""


class Head(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a source as a whole."""

    epoch: int
    """The claim that may commit."""
    version: int
    """Commits since the build began."""
    offset: int
    """Everything up to here is in the cells."""
    record: int
    """The last offset of these at which there was a record, -1 before any."""
    append_ms: int
    """When that record was appended, 0 before any."""
    top_ms: int
    """The source's time: the greatest accepted event time, 0 before any."""
    settings_hash: str
    since: int
    """`config_since` of these settings."""
    build: str
    """Part of the keys: another one begins where the log is folded again."""
    until: int | None
    """Rebuilding until everything before this offset is in the cells; `None` = not rebuilding."""
    gap: str
    """Offsets that were lost before they could be folded: `0-7,12-15`, ends exclusive."""
    as_of_ms: int
    """Everything appended up to then is in the cells, 0 before the first beat."""

    @property
    def rebuilding(self) -> bool:
        """Whether the log is still being folded up to where it ended when the build began."""
        return self.until is not None and self.offset + 1 < self.until

    @classmethod
    def of(cls, values: Sequence[Any]) -> Self | None:
        """Returns the head that Redis returned as `FIELDS`, `None` where there is none."""
        if values[0] is None:
            return None
        return msgspec.convert([v if v is None else v.decode() for v in values], cls, strict=False)


class Claimed(msgspec.Struct, frozen=True):
    """What a claim returns: from here on the owner goes on."""

    epoch: int
    version: int
    offset: int
    record: int
    append_ms: int
    top_ms: int
    build: str
    until: int | None
    gap: str
    rebuilt: bool
    """This claim began a new build: nothing was stored, or the settings have changed."""

    @classmethod
    def of(cls, source: str, reply: Sequence[Any]) -> Self:
        """Returns what `claim.lua` replied.

        Raises:
            SettingsOlder: it refused.
        """
        kind, *values = reply
        if kind == b"older":
            raise SettingsOlder(
                f"{source} was folded with other settings, whose config_since is {int(values[1])}; "
                f"to fold the log again with these, set a later one"
            )
        h = Head.of(values)
        assert h is not None
        return cls(
            h.epoch, h.version, h.offset, h.record, h.append_ms, h.top_ms, h.build, h.until, h.gap,
            kind == b"new",
        )  # fmt: skip


class Commit(msgspec.Struct, frozen=True):
    """One commit, ready to be sent, and to be sent again byte for byte."""

    epoch: int
    expected: int
    """The version that must be stored before."""
    offset: int
    record: int
    append_ms: int
    top_ms: int
    gap: str
    visible: bytes
    """`codec.pack_visible`: stored and published."""
    facts: bytes
    """`codec.pack_facts`: stored."""

    def args(self) -> tuple[int | str | bytes, ...]:
        """Returns the arguments of `commit.lua`."""
        return tuple(getattr(self, field) for field in self.__struct_fields__)


class Beat(NamedTuple):
    """One beat, ready to be sent."""

    epoch: int
    end: int | None
    """Where the log ended, `None` = not known."""
    asked: str
    """Redis' time in µs that was known before the broker was asked for `end`."""
    acknowledged: int
    """The version that was acknowledged when the beat was made: Redis must hold it."""

    def args(self) -> tuple[int | str, ...]:
        """Returns the arguments of `beat.lua`."""
        return self.epoch, "" if self.end is None else self.end, self.asked

    @staticmethod
    def answer(reply: Sequence[bytes]) -> tuple[int, str] | None:
        """Returns what `beat.lua` replied: version and Redis' time in µs; `None` = refused."""
        return (int(reply[0]), reply[1].decode()) if reply else None


class Message(NamedTuple):
    """A message of the feed."""

    commit: bool
    """Or else a beat."""
    epoch: int
    version: int
    number: int
    """A commit's offset, a beat's `as_of` in ms."""
    visible: bytes
    """A commit's packed `Visible`."""


class Wanted(NamedTuple):
    """The buckets that a reader takes when it loads a source; fine ones it takes all."""

    quarters: Sequence[int]
    days: Sequence[int]


def head_key(source: str) -> str:
    """Returns the key of a source's head; all its other keys begin with it."""
    return f"pouls:{SCHEMA}:{{{source}}}"


def base_key(source: str, build: str) -> str:
    """Returns what the keys of a build begin with."""
    return f"{head_key(source)}:{build}:"


def feed_key(source: str) -> str:
    """Returns the channel of a source."""
    return f"{head_key(source)}:feed"


def parse(data: bytes) -> Message:
    """Returns what a message of the feed says."""
    line, _, visible = data.partition(b"\n")
    kind, epoch, version, number = line.split(b" ")
    return Message(kind == b"c", int(epoch), int(version), int(number), visible)
