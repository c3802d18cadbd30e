"""Files that are read as events: which lines they are of, what is refused, what cannot be read."""

import gzip
import io
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path

import pytest

from streams.core.errors import BadName, RefuseLine
from streams.inputs import MOST_TOLD, Input, Inputs, NotReadable, Refusals, named, parse
from streams.sources import Convert, LineRefused, Run, Source, by_line


def shout(line: bytes) -> list[bytes]:
    """Gives each word of a line; refuses what is too quiet."""
    if b"hush" in line:
        raise LineRefused("word", "is too quiet")
    return line.upper().split()


SHOUTED = Source("shouted", None, by_line(lambda: shout))


def read(*paths: object) -> tuple[list[tuple[str, bytes]], list[str]]:
    """Returns what is read of files, with places, and what is refused."""
    refused: list[str] = []
    inputs = Inputs(
        [Input(SHOUTED, str(path)) for path in paths],
        lambda where, reason: refused.append(f"{where}: {reason}"),
    )
    return [(inputs.where(line), event) for line, event in inputs.events()], refused


class Pipe(io.RawIOBase):
    """Gives some bytes, then the rest."""

    def __init__(self, content: bytes, first: int) -> None:
        self._parts = [part for part in (content[:first], content[first:]) if part]

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Gives the next part."""
        if not self._parts:
            return 0
        part = self._parts.pop(0)
        buffer[: len(part)] = part
        return len(part)


def read_standard_input(
    monkeypatch: pytest.MonkeyPatch, content: bytes, first: int = 1000
) -> tuple[list[tuple[str, bytes]], list[str]]:
    """Returns what is read of standard input."""
    stdin = io.TextIOWrapper(io.BufferedReader(Pipe(content, first)))
    monkeypatch.setattr(sys, "stdin", stdin)
    return read("-")


def test_lines_are_told_by_file_and_number(tmp_path: Path) -> None:
    """Also where one line makes several events, and over several files."""
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"a b\n\nc\n")
    two.write_bytes(b"d")
    assert read(one, two)[0] == [
        (f"{one}:1", b"A"), (f"{one}:1", b"B"), (f"{one}:3", b"C"), (f"{two}:1", b"D"),
    ]  # fmt: skip


def test_a_refused_line_does_not_stop_the_others(tmp_path: Path) -> None:
    """It is told with its place and field."""
    file = tmp_path / "file"
    file.write_bytes(b"a\nhush\nb\n")
    events, refused = read(file)
    assert [event for _, event in events] == [b"A", b"B"]
    assert refused == [f"{file}:2: word: is too quiet"]


def test_gz_is_decompressed(tmp_path: Path) -> None:
    """By the file's name."""
    file = tmp_path / "file.gz"
    file.write_bytes(gzip.compress(b"a\nb\n"))
    assert read(file)[0] == [(f"{file}:1", b"A"), (f"{file}:2", b"B")]


@pytest.mark.parametrize("damage", ["cut", "flipped", "none"])
def test_what_is_left_of_a_broken_gz_is_read(tmp_path: Path, damage: str) -> None:
    """And where it broke is told: one refusal."""
    file, after = tmp_path / "file.gz", tmp_path / "after"
    whole = gzip.compress(b"".join(b"%d\n" % n for n in range(100_000)))
    broken = {"cut": whole[:-9], "flipped": b"no gzip", "none": whole}[damage]
    file.write_bytes(broken)
    after.write_bytes(b"z")
    events, refused = read(file, after)
    assert events[-1] == (f"{after}:1", b"Z")
    assert len(refused) == (damage != "none")
    assert all(": file: cannot be decompressed from here on: " in text for text in refused)


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which stays open."""
    assert read_standard_input(monkeypatch, b"a\n") == ([("-:1", b"A")], [])
    assert not sys.stdin.closed


@pytest.mark.parametrize("first_bytes", [1, 2, 1000])
def test_standard_input_is_decompressed_by_its_first_bytes(
    monkeypatch: pytest.MonkeyPatch, first_bytes: int
) -> None:
    """It has no name that tells; a pipe may give one byte first."""
    compressed = gzip.compress(b"a\nb\n")
    assert read_standard_input(monkeypatch, compressed, first_bytes) == (
        [("-:1", b"A"), ("-:2", b"B")],
        [],
    )
    assert not sys.stdin.closed


def test_standard_input_that_is_cut_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a file's would be."""
    events, refused = read_standard_input(monkeypatch, gzip.compress(b"a\n")[:-1])
    assert events == [("-:1", b"A")]
    assert [text.partition(": cannot")[0] for text in refused] == ["-:2: file"]


@pytest.mark.parametrize("text", [b"", b"\n", b"\x8b\x1f\n"])
def test_standard_input_that_is_not_gzip_is_read_as_it_is(
    monkeypatch: pytest.MonkeyPatch, text: bytes
) -> None:
    """Nothing at all among it."""
    assert read_standard_input(monkeypatch, text)[1] == []


@pytest.mark.parametrize("name", ["nothing", "nothing.gz", "."])
def test_a_file_that_cannot_be_opened_is_the_callers_mistake(tmp_path: Path, name: str) -> None:
    """Told by its name."""
    with pytest.raises(NotReadable, match=f"{name}: "):
        read(tmp_path / name)


def test_each_file_has_a_converter_of_its_own(tmp_path: Path) -> None:
    """It remembers the head of its own file."""
    file = tmp_path / "file"
    file.write_bytes(b"head\nline\n")

    def skip_the_first() -> Convert:
        lines = count()
        return lambda line: [line] if next(lines) else []

    source = Source("headed", None, by_line(skip_the_first))
    events = Inputs([Input(source, str(file))] * 2, lambda *_: None).events()
    assert [event for _, event in events] == [b"line\n", b"line\n"]


def backwards(lines: Iterable[bytes], run: Run, refuse: RefuseLine) -> Iterator[tuple[int, bytes]]:
    """Reads a file whole: its last line first; refuses empty ones."""
    for n, line in reversed(list(enumerate(lines, 1))):
        if line.strip():
            yield n, run.zone.encode() + b" " + line
        else:
            refuse(n, "line: is empty")


def test_a_source_may_read_a_file_whole(tmp_path: Path) -> None:
    """Then lines come in its order, and are told by file and number all the same."""
    one, two = tmp_path / "one", tmp_path / "two.gz"
    one.write_bytes(b"a\n\nb\n")
    two.write_bytes(gzip.compress(b"".join(b"%d\n" % n for n in range(100_000)))[:-9])
    source, refused = Source("backwards", None, backwards), list[str]()
    inputs = Inputs(
        [Input(source, str(path)) for path in (one, two)],
        lambda where, reason: refused.append(f"{where}: {reason}"),
        Run("Asia/Tokyo"),
    )
    events = [(inputs.where(line), event) for line, event in inputs.events()]
    assert events[:2] == [(f"{one}:3", b"Asia/Tokyo b\n"), (f"{one}:1", b"Asia/Tokyo a\n")]
    assert events[-1] == (f"{two}:1", b"Asia/Tokyo 0\n")
    assert refused[0] == f"{one}:2: line: is empty"
    assert refused[1].startswith(f"{two}:{len(events) - 1}: file: cannot be decompressed from here")


def test_a_source_is_told_when_the_run_began() -> None:
    """Where nobody says it, now."""
    seen: list[Run] = []

    def read(_: object, run: Run, __: object) -> Iterator[tuple[int, bytes]]:
        seen.append(run)
        yield from ()

    source = Source("told", None, read)
    assert list(Inputs([Input(source, "/dev/null")], lambda *_: None).events()) == []
    assert seen[0].zone == "UTC"
    assert abs(seen[0].now_ms - time.time_ns() // 1_000_000) < 60_000


def test_inputs_are_named_by_format_and_file() -> None:
    """One way or the other, or both; a file's name may hold colons."""
    found = named("a.tsv.gz", "anonymous-bank", ["events:b:c", "events:-"])
    assert [(i.source.name, i.path) for i in found] == [
        ("anonymous-bank", "a.tsv.gz"), ("events", "b:c"), ("events", "-"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("csv:x", "format 'csv' is not known; there are events, anonymous-bank, schedule-csv, sch"),
        ("events", "'events' names no file; write events:FILE"),
        (":x", "format '' is not known"),
    ],
)
def test_a_wrong_input_is_told_in_a_sentence(text: str, sentence: str) -> None:
    """With what there is."""
    with pytest.raises(BadName, match=sentence):
        parse(text)


def test_no_file_at_all_is_told() -> None:
    """With the two ways to name one."""
    with pytest.raises(BadName, match="no file is named: --format F FILE, or --input F:FILE"):
        named(None, None, [])


def test_refusals_are_told_up_to_a_limit_and_all_counted() -> None:
    """A file of another kind does not fill the screen for ever."""
    told: list[str] = []
    refusals = Refusals(told.append)
    for n in range(MOST_TOLD + 5):
        refusals(f"file:{n}", "bad")
    assert len(told) == MOST_TOLD
    assert refusals.end()
    assert told[-1] == f"{MOST_TOLD + 5} refused"


def test_without_refusals_nothing_is_told() -> None:
    """Normal operation is silent."""
    assert not Refusals(pytest.fail).end()
