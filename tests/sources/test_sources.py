"""What every source must do; a new one is tested by being listed in `SOURCES`."""

import zoneinfo
from collections.abc import Iterable

import pytest

from streams.sources import BY_NAME, SOURCES, Run, Source, events

every_source = pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.name)


@every_source
def test_a_source_has_a_name_of_its_own(source: Source) -> None:
    """It stands on command lines before a colon."""
    assert BY_NAME[source.name] is source
    assert len(BY_NAME) == len(SOURCES)
    assert source.name.replace("-", "").isalnum()


@every_source
def test_the_zone_of_a_source_exists(source: Source) -> None:
    """A format whose times say their zone themselves has none."""
    assert source.zone in {None, *zoneinfo.available_timezones()}


def read(source: Source, lines: Iterable[bytes]) -> tuple[list[bytes], list[int]]:
    """Returns the events of a file, and the lines that are refused."""
    refused: list[int] = []
    found = source.read(lines, Run(), lambda n, _: refused.append(n))
    return [event for _, event in found], refused


@every_source
def test_a_line_of_nothing_gives_nothing(source: Source) -> None:
    """Whatever the format, a file may end with an empty line, or be empty."""
    assert read(source, [b"\n"]) == read(source, []) == ([], [])


@every_source
@pytest.mark.parametrize("line", [b"\xff\xfe\x00\n", b"a\tb\n", b"\x00" * 100, b"{}"])
def test_rubbish_is_refused_or_passed_on_but_never_an_error(source: Source, line: bytes) -> None:
    """The rest of the file goes on."""
    events, refused = read(source, [line] * 3)
    assert events or refused
    assert set(events) <= {line.rstrip(b"\n")}
    assert set(refused) <= {1, 2, 3}


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_canonical_events_are_passed_on_unchanged(end: bytes) -> None:
    """The record's bytes are the fact: spaces, order of keys and unknown fields stay."""
    value = b'  {"type": "contact.created",\t"x":1 , "id": "\\u00e9"} '
    assert [*events.convert(value + end)] == [value]
