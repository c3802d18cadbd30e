"""What can go wrong in the core.

PoulsError
├── EventRefused       an event that the contract does not accept: a dead letter
├── NotHeld            buckets that were asked for and have passed their retention
├── BadName            a segment, window or KPI that nobody can ask for
└── LineRefused        a line of a file that others write: it is left out, or the file is
"""

from collections.abc import Callable

RefuseLine = Callable[[int, str], None]
"""Is told of what is refused: the number of the line, from 1, and what is wrong with it."""


class PoulsError(Exception):
    """Base of every error that Pouls raises on purpose."""


class EventRefused(PoulsError):
    """An event that is not accepted; its text names the field and what is wrong with it."""


class NotHeld(PoulsError):
    """The buckets asked for are older than what is kept."""


class BadName(PoulsError):
    """A segment, window or KPI whose name cannot be understood; the text says what can."""


class LineRefused(PoulsError):
    """A line that is not converted. The text says what is wrong with the field."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason
