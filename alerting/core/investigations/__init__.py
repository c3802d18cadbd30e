"""Investigations: the records that outlive an alert, from its cause to the proof of the remedy.

- `shapes`: the record and what people can do to it;
- `acts`: what a person's step makes of a record;
- `book`: what alerts, numbers and the calendar make of all records.
"""

from alerting.core.investigations.acts import apply
from alerting.core.investigations.book import Book, Overdue, Turned, counts, late
from alerting.core.investigations.shapes import Investigation, Step

__all__ = ["Book", "Investigation", "Overdue", "Step", "Turned", "apply", "counts", "late"]
