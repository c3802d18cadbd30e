"""The messages of `/ws/v1`, protocol 1: state, never events; times are Unix seconds.

After `hello` the client subscribes; it gets `subscribed`, one `snapshot`, then one `delta` a tick.
A value in a delta replaces the one before it, so a message may be applied twice; a hole in `seq` is
closed by `resync`, answered with a snapshot. `tests/golden/protocol` holds one of each, read by
these tests and by the wall's.
"""

from typing import Final

import msgspec

from streams.core.errors import PoulsError
from streams.core.policy import Target
from streams.core.reading import Reading

VERSION: Final = 1
SUBPROTOCOL: Final = "kpi.v1"
LIVE: Final = "live"
REBUILDING: Final = "rebuilding"


class Value(msgspec.Struct, frozen=True):
    """One KPI of one topic, as the wall shows it."""

    v: float | None
    """`None` = no data; never 0 instead."""
    n: int | None
    st: str
    """ok, warning, critical or none."""
    tgt: Target | None
    since: float | None
    """The oldest wait began here; a clock may count on from it while the data are fresh."""
    f: str
    """The formula's id, such as SL-B."""
    rev: bool
    prov: bool


NOTHING: Final = Value(None, None, "none", None, None, "", rev=False, prov=False)
"""What a topic says that can no longer be read."""


class SourceState(msgspec.Struct, frozen=True):
    """How far one topic's stalest partition has been read."""

    as_of: float | None
    state: str


class Hello(msgspec.Struct, tag="hello", frozen=True):
    """Server → client, first of all."""

    v: int
    epoch: str
    """Another epoch = another process: forget what you hold."""
    build: str
    """Changes with the wall's files: a page that sees another one than before reloads."""
    ts: float
    tick_ms: int
    stale_ms: int
    locale: str
    catalog: str
    """Changes when `/api/v1/catalog` does."""


class Denied(msgspec.Struct, frozen=True):
    """A topic that was asked for and is not given."""

    topic: str
    reason: str


class Subscribed(msgspec.Struct, tag="subscribed", frozen=True):
    """Server → client: the answer to `subscribe`; later topics of a pattern come with a delta."""

    id: int
    topics: tuple[str, ...]
    denied: tuple[Denied, ...]


class Snapshot(msgspec.Struct, tag="snapshot", frozen=True):
    """Server → client: everything the client subscribed to; replaces what it holds."""

    epoch: str
    seq: int
    ts: float
    sources: dict[str, SourceState]
    topics: dict[str, dict[str, msgspec.Raw]]


class Delta(msgspec.Struct, tag="delta", frozen=True):
    """Server → client, each tick: the values that changed; none = a heartbeat."""

    seq: int
    ts: float
    src: dict[str, float | SourceState]
    """Sources that moved; the number is the new `as_of` while the state is the old one."""
    d: list[tuple[str, dict[str, msgspec.Raw]]]


class Error(msgspec.Struct, tag="error", frozen=True):
    """Server → client: a message was not understood; the connection stays."""

    id: int | None
    code: str
    message: str


class Bye(msgspec.Struct, tag="bye", frozen=True):
    """Server → client: closing; come back after a random time in this range."""

    reason: str
    retry_ms: tuple[int, int]


class Subscribe(msgspec.Struct, tag="subscribe", frozen=True):
    """Client → server: replaces the whole subscription."""

    id: int
    topics: tuple[str, ...]
    """`SEGMENT@WINDOW`; `queue:*@30m` = all queues, those to come as well."""
    kpis: tuple[str, ...] | None = None
    """Only these; `None` = all that the window has."""


class Resync(msgspec.Struct, tag="resync", frozen=True):
    """Client → server: send a snapshot, a message is missing."""


ServerMessage = Hello | Subscribed | Snapshot | Delta | Error | Bye
_client: msgspec.json.Decoder[Subscribe | Resync] = msgspec.json.Decoder(Subscribe | Resync)
_encoder = msgspec.json.Encoder()


def encode(message: ServerMessage) -> str:
    """Returns a message as the text of one WebSocket frame."""
    return _encoder.encode(message).decode()


def fragment(value: Value) -> msgspec.Raw:
    """Returns a value as JSON, to be shared by every message that carries it."""
    return msgspec.Raw(_encoder.encode(value))


class BadMessage(PoulsError):
    """What a client sent is no message of the protocol; the text says why."""


def decode(text: str | bytes) -> Subscribe | Resync:
    """Returns a client's message; unknown fields are ignored.

    Raises:
        BadMessage: no JSON, an unknown type, a field of the wrong type.
    """
    try:
        return _client.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadMessage(str(error)) from error


def value(reading: Reading, since: float | None) -> Value:
    """Returns a reading as the wall gets it; `since` is on the clock of the messages."""
    return Value(
        reading.value, reading.n, reading.status, reading.target, since,
        reading.formula, reading.revised, reading.provisional,
    )  # fmt: skip
