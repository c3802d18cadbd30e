"""What can go wrong in the core.

PoulsError
├── EventRefused       an event that the contract does not accept: a dead letter
├── NotHeld            buckets that were asked for and have passed their retention
└── BadName            a segment, window or KPI that nobody can ask for
"""


class PoulsError(Exception):
    """Base of every error that Pouls raises on purpose."""


class EventRefused(PoulsError):
    """An event that is not accepted; its text names the field and what is wrong with it."""


class NotHeld(PoulsError):
    """The buckets asked for are older than what is kept."""


class BadName(PoulsError):
    """A segment, window or KPI whose name cannot be understood; the text says what can."""
