"""Names of segments: `site`, `queue:support`, `channel:voice+queue:support`.

A segment is the key of every number. Its parts stand in one fixed order and their values are
percent-encoded, so one segment has one name: NFC, case-sensitive, at most 200 bytes.
"""

import unicodedata
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from streams.core.errors import BadName

SITE: Final = "site"
"""The segment of everything."""
DIMENSIONS: Final = (
    "site", "channel", "queue", "team", "agent", "product", "reason", "customer", "step",
    "language", "priority", "campaign", "pause",
)  # fmt: skip
"""The parts that a segment may have, in the order in which they stand."""
ATTRIBUTES: Final[Mapping[str, str]] = {d: "group" if d == "customer" else d for d in DIMENSIONS}
"""The attribute of an event that feeds a dimension: a customer's pseudonym is never a segment.

The group is.
"""
MAX_BYTES: Final = 200
_ENCODED = {ord(c): f"%{ord(c):02X}" for c in "%+,@*/|"} | {
    i: f"%{i:02X}" for i in (*range(32), 127)
}


def encode(value: str) -> str:
    """Returns a value as it stands in a segment's name."""
    return unicodedata.normalize("NFC", value).translate(_ENCODED)


def part(dimension: str, value: str) -> str:
    """Returns one part, `queue:support`, cut at a whole character where it would pass 200 bytes."""
    name = f"{dimension}:{encode(value)}"
    if len(name) * 4 > MAX_BYTES and len(name.encode()) > MAX_BYTES:
        name = name.encode()[:MAX_BYTES].decode(errors="ignore")
        if "%" in name[-2:]:
            name = name[: name.rindex("%")]
    return name


def dimensions(segment: str) -> tuple[str, ...]:
    """Returns the dimensions of a segment's name: `()` for `site`."""
    return () if segment == SITE else tuple(p.split(":", 1)[0] for p in segment.split("+"))


def value_of(segment: str, dimension: str) -> str | None:
    """Returns the decoded value of one dimension of a segment, `None` where it has none."""
    for p in segment.split("+"):
        name, _, value = p.partition(":")
        if name == dimension and value:
            return unquote(value)
    return None


def parse(segment: str) -> str:
    """Returns a segment's canonical name: parts in order, values encoded.

    Raises:
        BadName: a part without value, an unknown or repeated dimension, a name over 200 bytes.
    """
    if segment == SITE:
        return segment
    parts: dict[str, str] = {}
    for p in segment.split("+"):
        dimension, colon, value = p.partition(":")
        if dimension not in DIMENSIONS or not colon or not value:
            known = ", ".join(DIMENSIONS)
            raise BadName(f"segment {segment!r}: {p!r} is not DIMENSION:VALUE (known: {known})")
        if dimension in parts:
            raise BadName(f"segment {segment!r}: {dimension} stands twice")
        parts[dimension] = value if value == "*" else encode(unquote(value))
    name = "+".join(f"{d}:{parts[d]}" for d in DIMENSIONS if d in parts)
    if len(name.encode()) > MAX_BYTES:
        raise BadName(f"segment {name[:40]!r}…: longer than {MAX_BYTES} bytes")
    return name


def matches(pattern: str, segment: str) -> bool:
    """Whether a pattern such as `channel:voice+queue:*` asks for this segment."""
    if "*" not in pattern:
        return pattern == segment
    wanted, parts = pattern.split("+"), segment.split("+")
    return len(wanted) == len(parts) and all(
        p.startswith(w[:-1]) if w.endswith(":*") else p == w
        for w, p in zip(wanted, parts, strict=True)
    )
