"""Canonical events, one JSON object a line: the record's bytes are passed on unchanged."""

from collections.abc import Iterable

from streams.sources.source import Convert, Source, by_line


def convert(line: bytes) -> Iterable[bytes]:
    """Returns the line without its end, nothing for an empty one.

    Whether it is an event is for the fold to say.
    """
    value = line.rstrip(b"\r\n")
    return (value,) if value.strip() else ()


def converter() -> Convert:
    """Returns `convert`: lines know nothing of each other."""
    return convert


SOURCE = Source("events", None, by_line(converter))
