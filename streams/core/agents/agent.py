"""One agent as his source keeps him: facts and plans, what of it is booked, what was told."""

import msgspec

from streams.core.agents.archive import Archive
from streams.core.agents.derive import FOREVER, Line, Piece
from streams.core.agents.tail import Later


class Agent(Line):
    """An agent and his bookings."""

    archive: Archive = msgspec.field(default_factory=Archive)
    last: tuple[str, str] = ("", "")
    """Id and source of the last fact."""
    touched: bool = False
    booked: list[Piece] = msgspec.field(default_factory=list)
    """What was booked from `changed_ms` on, up to the edge."""
    changed_ms: int = 0
    due_ms: int = FOREVER
    """When he is looked at next without an event."""
    plans_changed: bool = False
    told: bool = False
    """Whether readers have a tail of him."""
    later: Later | None = None
    """How his tails end."""


def block_begin(a: Line, ms: int) -> int:
    """Returns from when on a change at an instant may be felt: all of the block around it."""
    mark = a.timeline.at(ms)
    return mark.begin if mark.planned else ms
