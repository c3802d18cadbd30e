"""Plans as a calendar (iCalendar, RFC 5545): a VEVENT an activity."""

from collections.abc import Iterable, Iterator

from streams.core.errors import RefuseLine
from streams.sources.source import Run, Source


def read(lines: Iterable[bytes], run: Run, refuse: RefuseLine) -> Iterator[tuple[int, bytes]]:
    """Yields the plans of a file, in the order of agents and dates."""
    # The libraries take 0.2 s to load, which no other command and no other format should wait for.
    from streams.sources import calendars  # noqa: PLC0415

    return calendars.read(lines, run, refuse)


SOURCE = Source("schedule-ics", None, read, local=True)
