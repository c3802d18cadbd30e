"""The bytes in which cells, live values and facts lie in Redis and travel to the readers.

A commit is two msgpack blobs, which Redis takes apart itself: raw strings only, because Redis 7.0's
cmsgpack knows no others. What Redis need not understand, a cell or a segment's live values, is
packed once more, as small as it goes: a cell is a signed little-endian integer and a histogram.
12,000 cells with 55,000 histogram entries are packed in 8 ms, and are 1.1 MB.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from sys import intern
from typing import Any, Final

import msgpack
import msgspec

from streams.core.agents.tail import Tail
from streams.core.buckets import DAY, FINE, QUARTER, RESOLUTIONS
from streams.core.changes import Facts, LiveKey, Visible, nothing
from streams.core.revised import Bits, Block
from streams.core.tally import Cell

FINE_HASH: Final = RESOLUTIONS[FINE]
"""The hash of all fine cells."""
LIVE_HASH: Final = "live"
"""The hash of all live values."""
LEVELS_HASH: Final = "levels"
"""The hash of how many agents hold which label, by segment."""
TAILS_HASH: Final = "tails"
"""The hash of what lies ahead of agents."""
EDGE_HASH: Final = "edge"
"""The hash of one field: up to when agents are booked."""
EDGE_FIELD: Final = "ms"
REVISED_HASH: Final = "revised"
"""The hash of what was changed late."""
END: Final = b"\0"
"""Stands after every stored fact: facts are JSON, in which it cannot be. To append is to join."""
Hash = tuple[str, list[str | bytes], list[str]]
"""A hash's name, what to set (field, value, field, …), and the fields to delete."""
# Kept with its buffer: growing a new one costs more than filling it. Not for many threads.
_pack: Callable[[object], bytes] = msgpack.Packer(use_bin_type=False).pack
_encode = msgspec.msgpack.Encoder().encode
_cell = msgspec.msgpack.Decoder(tuple[bytes, dict[int, int]]).decode
_live = msgspec.msgpack.Decoder(list[tuple[LiveKey, int]]).decode
_levels = msgspec.msgpack.Decoder(dict[int, int]).decode
_tail = msgspec.msgpack.Decoder(Tail).decode
_bits = msgspec.msgpack.Decoder(dict[str, bytes]).decode


def pack_cell(cell: Cell) -> bytes:
    """Returns the bytes of a cell."""
    sums, hist = cell
    return _encode((sums.to_bytes(sums.bit_length() // 8 + 1, "little", signed=True), hist))


def unpack_cell(data: bytes) -> Cell:
    """Returns the cell that `pack_cell` packed."""
    sums, hist = _cell(data)
    return Cell(int.from_bytes(sums, "little", signed=True), hist)


def pack_live(counts: Mapping[LiveKey, int]) -> bytes:
    """Returns the bytes of a segment's live values."""
    return _encode(list(counts.items()))


def unpack_live(data: bytes) -> dict[LiveKey, int]:
    """Returns the live values that `pack_live` packed."""
    return dict(_live(data))


def field(bucket: int, segment: str) -> str:
    """Returns the field of a fine cell."""
    return f"{bucket}|{segment}"


def hash_name(resolution: int, bucket: int) -> str:
    """Returns the name of the hash that holds a bucket's cells."""
    return FINE_HASH if resolution == FINE else f"{RESOLUTIONS[resolution]}:{bucket}"


def pack_visible(visible: Visible) -> bytes:
    """Returns what a commit stores and publishes: the source's time, new segments, hashes."""
    hashes = [
        _fine(visible.cells[FINE], visible.gone[FINE]),
        *_by_bucket(QUARTER, visible),
        *_by_bucket(DAY, visible),
        _live_values(visible.live),
        *_agents(visible),
        _revised(visible.revised),
    ]
    changed = [h for h in hashes if h[1] or h[2]]
    return _pack((visible.top_ms, visible.segments, changed))


def _fine(cells: Mapping[tuple[int, str], Cell], gone: Iterable[tuple[int, str]]) -> Hash:
    put: list[str | bytes] = []
    for (bucket, segment), cell in cells.items():
        put += (f"{bucket}|{segment}", pack_cell(cell))
    return FINE_HASH, put, [field(*key) for key in gone]


def _by_bucket(resolution: int, visible: Visible) -> list[Hash]:
    put: defaultdict[int, list[str | bytes]] = defaultdict(list)
    gone: defaultdict[int, list[str]] = defaultdict(list)
    last, to = -1, list[str | bytes]()
    for (bucket, segment), cell in visible.cells[resolution].items():
        if bucket != last:  # they come bucket by bucket
            last, to = bucket, put[bucket]
        to.append(segment)
        to.append(pack_cell(cell))
    for bucket, segment in visible.gone[resolution]:
        gone[bucket].append(segment)
    return [(hash_name(resolution, b), put[b], gone[b]) for b in {**put, **gone}]


def _live_values(live: Mapping[str, Mapping[LiveKey, int]]) -> Hash:
    put: list[str | bytes] = []
    for segment, counts in live.items():
        if counts:
            put += (segment, pack_live(counts))
    return LIVE_HASH, put, [segment for segment, counts in live.items() if not counts]


def _agents(visible: Visible) -> list[Hash]:
    levels: list[str | bytes] = []
    for segment, held in visible.levels.items():
        if held:
            levels += (segment, _encode(held))
    tails: list[str | bytes] = []
    for agent, tail in visible.tails.items():
        if tail is not None:
            tails += (agent, _encode(tail))
    edge: list[str | bytes] = [EDGE_FIELD, str(visible.edge_ms)] if visible.edge_ms else []
    return [
        (LEVELS_HASH, levels, [segment for segment, held in visible.levels.items() if not held]),
        (TAILS_HASH, tails, [agent for agent, tail in visible.tails.items() if tail is None]),
        (EDGE_HASH, edge, []),
    ]


def _revised(marks: Mapping[Block, Bits]) -> Hash:
    put: list[str | bytes] = []
    for block, bits in marks.items():
        if bits:
            put += (_block_field(block), pack_bits(bits))
    return REVISED_HASH, put, [_block_field(block) for block, bits in marks.items() if not bits]


def _block_field(block: Block) -> str:
    return "|".join(map(str, block))


def _block(field: bytes) -> Block:
    resolution, block, segment = field.decode().split("|", 2)
    return int(resolution), int(block), segment


def pack_bits(bits: Bits) -> bytes:
    """Returns the bytes of a block's marks: by measure, the lowest bit in the first byte."""
    return _encode({m: n.to_bytes(n.bit_length() // 8 + 1, "little") for m, n in bits.items()})


def unpack_bits(data: bytes) -> Bits:
    """Returns the marks that `pack_bits` packed."""
    return {intern(m): int.from_bytes(n, "little") for m, n in _bits(data).items()}


def unpack_visible(data: bytes) -> Visible:
    """Returns the change that `pack_visible` packed."""
    top_ms, segments, hashes = _unpack(data)
    visible = nothing(top_ms)
    visible.segments.extend(segment.decode() for segment in segments)
    for name, put, gone in hashes:
        take_hash(visible, name.decode(), put)
        _take_gone(visible, name.decode(), gone)
    return visible


def take_hash(visible: Visible, name: str, flat: Sequence[bytes]) -> None:
    """Takes one hash, or what changed in it, into a `Visible`; flat: field, value, field, value."""
    fields = zip(flat[::2], flat[1::2], strict=True)
    kind, _, bucket = name.partition(":")
    if kind == LIVE_HASH:
        visible.live.update((f.decode(), unpack_live(value)) for f, value in fields)
    elif kind == LEVELS_HASH:
        visible.levels.update((f.decode(), _levels(value)) for f, value in fields)
    elif kind == TAILS_HASH:
        visible.tails.update((f.decode(), _tail(value)) for f, value in fields)
    elif kind == REVISED_HASH:
        visible.revised.update((_block(f), unpack_bits(value)) for f, value in fields)
    elif kind == EDGE_HASH:
        visible.edge_ms = max((int(value) for _, value in fields), default=0)
    elif kind == FINE_HASH:
        visible.cells[FINE].update((_split(f), unpack_cell(value)) for f, value in fields)
    else:
        number, cells = int(bucket), visible.cells[RESOLUTIONS.index(kind)]
        cells.update(((number, f.decode()), unpack_cell(value)) for f, value in fields)


def _take_gone(visible: Visible, name: str, gone: Sequence[bytes]) -> None:
    if not gone:
        return
    kind, _, bucket = name.partition(":")
    if kind == LIVE_HASH:
        visible.live.update((f.decode(), {}) for f in gone)
    elif kind == LEVELS_HASH:
        visible.levels.update((f.decode(), {}) for f in gone)
    elif kind == TAILS_HASH:
        visible.tails.update((f.decode(), None) for f in gone)
    elif kind == REVISED_HASH:
        visible.revised.update((_block(f), {}) for f in gone)
    elif kind == FINE_HASH:
        visible.gone[FINE].extend(_split(f) for f in gone)
    else:
        visible.gone[RESOLUTIONS.index(kind)].extend((int(bucket), f.decode()) for f in gone)


def _split(fine: bytes) -> tuple[int, str]:
    bucket, _, segment = fine.partition(b"|")
    return int(bucket), segment.decode()


def pack_facts(facts: Facts) -> bytes:
    """Returns a commit's facts: contacts and what to append, what to set, what to delete."""
    replaced: list[str | bytes] = []
    for contact, raws in facts.replaced.items():
        replaced += (contact, join_facts(raws))
    names, tails = list(facts.added), [join_facts(raws) for raws in facts.added.values()]
    return _pack((names, tails, replaced, facts.gone))


def join_facts(raws: Sequence[bytes]) -> bytes:
    """Returns facts as they are stored.

    Raises:
        ValueError: one of them is not JSON: it could not be told from two.
    """
    joined = END.join((*raws, b""))
    if joined.count(END) != len(raws):
        raise ValueError(f"a fact with a zero byte is not JSON: {joined[:200]!r}")
    return joined


def split_facts(data: bytes) -> list[bytes]:
    """Returns the facts that `join_facts` joined."""
    return data.split(END)[:-1]


def _unpack(data: bytes) -> Any:  # noqa: ANN401 - whatever was packed
    return msgpack.unpackb(data, raw=True)
