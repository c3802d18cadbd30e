"""What a source is: a vendor's lines in, canonical events out.

Pure: files are opened by `streams.inputs`. Most formats are read line by line: `by_line`. Where an
event needs several lines, a source reads the file whole.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from streams.core.errors import LineRefused, RefuseLine

Convert = Callable[[bytes], Iterable[bytes]]
"""One line, as it stands in the file → the events it stands for, in JSON. Raises `LineRefused`."""


class Run(NamedTuple):
    """What a source may know of the run that reads it."""

    zone: str = "UTC"
    """The time zone of times that do not say theirs."""
    now_ms: int = 0
    """When the run began."""


Read = Callable[[Iterable[bytes], Run, RefuseLine], Iterator[tuple[int, bytes]]]
"""A file's lines → (number of the line, from 1; an event that it stands for, in JSON)."""


class Source(NamedTuple):
    """One entry of `SOURCES`."""

    name: str
    """As in `--format`."""
    zone: str | None
    """The time zone that the format's times are in; `None`: they say it, or it is the run's."""
    read: Read
    """Reads one file."""
    local: bool = False
    """Whether its times may be the run's local ones: then it must be said whose those are."""


def by_line(converter: Callable[[], Convert]) -> Read:
    """Returns a reader of lines that each stand for themselves.

    Args:
        converter: makes the converter of one file: it may remember the file's head.
    """

    def read(lines: Iterable[bytes], _: Run, refuse: RefuseLine) -> Iterator[tuple[int, bytes]]:
        convert = converter()
        for n, line in enumerate(lines, 1):
            try:
                for event in convert(line):
                    yield n, event
            except LineRefused as exc:
                refuse(n, str(exc))

    return read
