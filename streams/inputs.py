"""Files that are read as events: opened, decompressed, converted by their source.

Everything that feeds Pouls from files (`pouls report`, `pouls replay`) comes through here, so that
a line is refused in the same words everywhere, and never stops the others.
"""

import gzip
import sys
import time
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from io import BufferedReader
from pathlib import Path
from typing import Final, NamedTuple, cast

from streams.core.errors import BadName, PoulsError
from streams.sources import BY_NAME, Run, Source

STDIN: Final = "-"
GZIP: Final = b"\x1f\x8b"
"""What gzip begins with."""
MOST_TOLD: Final = 1000
"""So many refused lines are told one by one."""

Refuse = Callable[[str, str], None]
"""Is told of what is refused: FILE:LINE, and why."""


class Input(NamedTuple):
    """A file and its format."""

    source: Source
    path: str
    """`-` is standard input, decompressed if it is gzip, like a name that ends with `.gz`."""


def parse(text: str) -> Input:
    """Returns what `F:FILE` names.

    Raises:
        BadName: no such format, or no file; the text says what there is.
    """
    name, _, path = text.partition(":")
    if name not in BY_NAME:
        raise BadName(f"format {name!r} is not known; there are {', '.join(BY_NAME)}")
    if not path:
        raise BadName(f"{text!r} names no file; write {name}:FILE")
    return Input(BY_NAME[name], path)


def named(file: str | None, form: str | None, more: Sequence[str]) -> list[Input]:
    """Returns the files that a command line names: by `--format F FILE`, by `--input F:FILE`.

    Raises:
        BadName: there is none, or no such format.
    """
    texts = [*([] if file is None else [f"{form or ''}:{file}"]), *more]
    if not texts:
        raise BadName("no file is named: --format F FILE, or --input F:FILE")
    return [parse(text) for text in texts]


def run_in(zone: str = "UTC") -> Run:
    """Returns a run that begins now."""
    return Run(zone, time.time_ns() // 1_000_000)


class NotReadable(PoulsError):
    """A file that cannot be opened."""


class Refusals:
    """Tells which lines are refused, up to a limit, and counts them all."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.count = 0
        self._tell = tell

    def __call__(self, where: str, reason: str) -> None:
        """Takes one in."""
        self.count += 1
        if self.count <= MOST_TOLD:
            self._tell(f"{where}: {reason}")

    def end(self) -> bool:
        """Tells how many there were, if any; returns whether there were."""
        if self.count:
            self._tell(f"{self.count} refused")
        return bool(self.count)


class Inputs:
    """The events of several files, one after the other, each with the number of its line."""

    def __init__(self, inputs: Sequence[Input], refuse: Refuse, run: Run | None = None) -> None:
        """Reads nothing yet.

        Args:
            inputs: the files.
            refuse: is told of each line that is not converted: FILE:LINE, and why.
            run: what sources may know of this run; without it, UTC and the time now.
        """
        self._inputs, self._refuse = inputs, refuse
        self._run = run or run_in()
        self._begins: list[int] = []
        self._lines = 0

    def events(self) -> Iterator[tuple[int, bytes]]:
        """Yields (number of the line, event), lines being counted over all files from 1.

        Raises:
            NotReadable: a file that cannot be opened.
        """
        for source, path in self._inputs:
            self._begins.append(self._lines)
            with _opened(path) as lines:
                begin = self._lines
                for n, event in source.read(self._counted(lines), self._run, self._refuse_line):
                    yield begin + n, event

    def where(self, n: int) -> str:
        """Returns FILE:LINE of a line's number."""
        i = bisect_right(self._begins, n - 1) - 1
        return f"{self._inputs[i].path}:{n - self._begins[i]}"

    def _refuse_line(self, n: int, reason: str) -> None:
        """Is told by a source of a line of the file that is being read."""
        self._refuse(self.where(self._begins[-1] + n), reason)

    def _counted(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Yields a file's lines, as far as it can be decompressed."""
        try:
            for line in lines:
                self._lines += 1
                yield line
        except (EOFError, zlib.error, gzip.BadGzipFile) as exc:
            self._lines += 1
            reason = f"file: cannot be decompressed from here on: {exc}"
            self._refuse(self.where(self._lines), reason)


def _opened(path: str) -> AbstractContextManager[Iterable[bytes]]:
    if path == STDIN:
        return _standard_input()
    try:
        return gzip.open(path) if path.endswith(".gz") else Path(path).open("rb")
    except OSError as exc:
        raise NotReadable(f"{path}: {exc.strerror}") from exc


def _standard_input() -> AbstractContextManager[Iterable[bytes]]:
    """Returns standard input, which has no name to tell whether it is compressed."""
    stdin = cast(BufferedReader, sys.stdin.buffer)
    begin = stdin.peek()[: len(GZIP)]  # a slow pipe may give one byte only: no text begins with it
    return gzip.open(stdin) if begin and GZIP.startswith(begin) else nullcontext(stdin)
