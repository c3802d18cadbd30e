"""What a source is: a vendor's lines in, canonical events out.

Pure: files are opened by `streams.inputs`.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

Convert = Callable[[bytes], Iterable[bytes]]
"""One line, as it stands in the file → the events it stands for, in JSON. Raises `LineRefused`."""


class LineRefused(Exception):
    """A line that is not converted. The text says what is wrong with the field."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


class Source(NamedTuple):
    """One entry of `SOURCES`."""

    name: str
    """As in `--format`."""
    zone: str | None
    """The time zone that the format's times are in; `None`: they say it themselves."""
    converter: Callable[[], Convert]
    """Makes the converter of one file: it may remember the file's head."""
