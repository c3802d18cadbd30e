"""Files that are read as events: opened, decompressed, converted line by line.

Everything that feeds Pouls from files (`pouls report`, `pouls replay`) comes through here, so that
a line is refused in the same words everywhere, and never stops the others.
"""

import gzip
import sys
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import NamedTuple

from streams.sources import BY_NAME, Convert, LineRefused, Source

STDIN = "-"


class Input(NamedTuple):
    """A file and its format."""

    source: Source
    path: str
    """`-` is standard input; a name that ends with `.gz` is decompressed."""


def parse(text: str) -> Input:
    """Returns what `F:FILE` names.

    Raises:
        ValueError: no such format, or no file; the text says what there is.
    """
    name, _, path = text.partition(":")
    if name not in BY_NAME:
        raise ValueError(f"format {name!r} is not known; there are {', '.join(BY_NAME)}")
    if not path:
        raise ValueError(f"{text!r} names no file; write {name}:FILE")
    return Input(BY_NAME[name], path)


class Inputs:
    """The events of several files, one after the other, each with the number of its line."""

    def __init__(self, inputs: Sequence[Input], refuse: Callable[[int, str], None]) -> None:
        """`refuse` is told of each line that is not converted: its number and why."""
        self._inputs, self._refuse = inputs, refuse
        self._begins: list[int] = []
        self._lines = 0

    def events(self) -> Iterator[tuple[int, bytes]]:
        """Yields (number of the line, event), lines being counted over all files from 1.

        Raises:
            OSError: a file that cannot be read.
        """
        for source, path in self._inputs:
            self._begins.append(self._lines)
            with _opened(path) as lines:
                yield from self._convert(source.converter(), lines)

    def where(self, n: int) -> str:
        """Returns FILE:LINE of a line's number."""
        i = bisect_right(self._begins, n - 1) - 1
        return f"{self._inputs[i].path}:{n - self._begins[i]}"

    def _convert(self, convert: Convert, lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
        n = self._lines
        try:
            for line in lines:
                n += 1
                try:
                    for event in convert(line):
                        yield n, event
                except LineRefused as exc:
                    self._refuse(n, str(exc))
        except (EOFError, zlib.error, gzip.BadGzipFile) as exc:
            n += 1
            self._refuse(n, f"file: cannot be decompressed from here on: {exc}")
        self._lines = n


def _opened(path: str) -> AbstractContextManager[Iterable[bytes]]:
    if path == STDIN:
        return nullcontext(sys.stdin.buffer)
    return gzip.open(path) if path.endswith(".gz") else Path(path).open("rb")
